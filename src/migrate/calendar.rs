//! When cron ran something, in the words of systemd (`systemd.time`(7), `crontab`(5)).

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// cron's words, and what they are; `None` for what has no time of its own.
const WORDS: [(&str, Option<&str>); 8] = [
    ("@reboot", None),
    ("@yearly", Some("0 0 1 1 *")),
    ("@annually", Some("0 0 1 1 *")),
    ("@monthly", Some("0 0 1 * *")),
    ("@weekly", Some("0 0 * * 0")),
    ("@daily", Some("0 0 * * *")),
    ("@midnight", Some("0 0 * * *")),
    ("@hourly", Some("0 * * * *")),
];

/// How often backups were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// Once a day, whenever: what the package's timer does.
    Daily,
    /// These values of `OnCalendar=`.
    Calendar(Vec<String>),
    /// systemd has no word for the first of these.
    Unsaid(String),
}

/// Of all lines together; nothing at all is a daily backup.
pub fn cadence(schedules: &[String]) -> Cadence {
    let distinct = schedules.iter().collect::<std::collections::BTreeSet<_>>();
    match distinct.iter().collect::<Vec<_>>().as_slice() {
        [] => return Cadence::Daily,
        [one] if is_daily(one) => return Cadence::Daily,
        _ => {}
    }
    let mut all = Vec::new();
    for schedule in distinct {
        match calendar(schedule) {
            Some(lines) => all.extend(lines),
            None => return Cadence::Unsaid(schedule.clone()),
        }
    }
    Cadence::Calendar(all)
}

fn is_daily(schedule: &str) -> bool {
    let fields = fields(schedule).unwrap_or_default();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(fields.as_slice(), [minute, hour, "*", "*", "*"] if is_number(minute) && is_number(hour))
}

fn fields(schedule: &str) -> Option<Vec<&str>> {
    let schedule = match WORDS.iter().find(|(word, _)| schedule.eq_ignore_ascii_case(word)) {
        Some((_, meaning)) => (*meaning)?,
        None => schedule,
    };
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    (fields.len() == 5).then_some(fields)
}

/// `OnCalendar=` values that together mean the same.
fn calendar(schedule: &str) -> Option<Vec<String>> {
    let fields = fields(schedule)?;
    let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
    let time = format!("{}:{}:00", component(hour, 0, 23, &[])?, component(minute, 0, 59, &[])?);
    let (days, month) = (component(day, 1, 31, &[])?, component(month, 1, 12, &MONTHS)?);
    let weekdays = weekdays(weekday)?;
    // Where neither begins with a star, cron takes the days of both, systemd those that are in both.
    if !day.starts_with('*') && !weekday.starts_with('*') {
        return Some(vec![format!("*-{month}-{days} {time}"), format!("{weekdays} *-{month}-* {time}")]);
    }
    let weekdays = if weekdays.is_empty() { weekdays } else { format!("{weekdays} ") };
    Some(vec![format!("{weekdays}*-{month}-{days} {time}")])
}

/// `*/6` → `0/6`, `1-5` → `1..5`, `jan` → `1`.
fn component(text: &str, least: u32, most: u32, names: &[&str]) -> Option<String> {
    let number = |text: &str| -> Option<u32> {
        let by_name = names.iter().zip(least..).find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, at)| at);
        by_name.or_else(|| text.parse().ok()).filter(|number| (least..=most).contains(number))
    };
    let one = |part: &str| -> Option<String> {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step = match step {
            Some(step) => format!("/{}", step.parse::<u32>().ok().filter(|step| *step > 0)?),
            None => String::new(),
        };
        Some(match range.split_once('-') {
            None if range == "*" && step.is_empty() => "*".to_owned(),
            None if range == "*" => format!("{least}{step}"),
            None => format!("{}{step}", number(range)?),
            Some((from, to)) => {
                let (from, to) = (number(from)?, number(to)?);
                if from > to {
                    return None;
                }
                format!("{from}..{to}{step}")
            }
        })
    };
    let parts: Vec<String> = text.split(',').map(one).collect::<Option<_>>()?;
    Some(if parts.iter().any(|part| part == "*") { "*".to_owned() } else { parts.join(",") })
}

/// `1-5` → `Mon,Tue,Wed,Thu,Fri`; nothing for all days.
fn weekdays(text: &str) -> Option<String> {
    let number = |text: &str| -> Option<usize> {
        let named = DAYS.iter().position(|day| text.eq_ignore_ascii_case(day));
        named.or_else(|| text.parse().ok()).filter(|day| *day <= 7)
    };
    let mut days = [false; 7];
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, "1"), |(range, step)| (range, step));
        let step = step.parse::<usize>().ok().filter(|step| *step > 0)?;
        let (from, to) = match range.split_once('-') {
            None if range == "*" => (0, 6),
            None => (number(range)?, number(range)?),
            Some((from, to)) => (number(from)?, number(to)?),
        };
        if from > to {
            return None;
        }
        // 7 is Sunday as 0 is.
        (from..=to).step_by(step).for_each(|day| days[day % 7] = true);
    }
    if days == [true; 7] {
        return Some(String::new());
    }
    let names: Vec<&str> = DAYS.iter().zip(days).filter(|(_, is_meant)| *is_meant).map(|(name, _)| *name).collect();
    Some(names.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_in_the_words_of_systemd() {
        for (cron, systemd) in [
            ("0 */6 * * *", &["*-*-* 0/6:0:00"][..]),
            ("30 2 * * 1-5", &["Mon,Tue,Wed,Thu,Fri *-*-* 2:30:00"]),
            ("15 4 1 * *", &["*-*-1 4:15:00"]),
            ("0 3 1,15 jan,Jul *", &["*-1,7-1,15 3:0:00"]),
            ("0 3 1 * sun", &["*-*-1 3:0:00", "Sun *-*-* 3:0:00"]),
            ("0 3 */2 * 7", &["Sun *-*-1/2 3:0:00"]),
            ("*/30 8-18/2 * * *", &["*-*-* 8..18/2:0/30:00"]),
            ("@weekly", &["Sun *-*-* 0:0:00"]),
            ("@hourly", &["*-*-* *:0:00"]),
        ] {
            assert_eq!(calendar(cron).unwrap(), systemd, "{cron}");
        }
        for cron in ["@reboot", "0~30 2 * * *", "60 2 * * *", "0 2 * *", "0 22-4 * * *", "0 2 * * 8", "*/0 * * * *"] {
            assert_eq!(calendar(cron), None, "{cron}");
        }
    }

    #[test]
    fn once_a_day_is_what_the_package_does() {
        let of = |schedules: &[&str]| cadence(&schedules.iter().map(|&one| one.to_owned()).collect::<Vec<_>>());
        for daily in [&[][..], &["0 2 * * *"], &["@daily"], &["0 2 * * *", "0 2 * * *"]] {
            assert_eq!(of(daily), Cadence::Daily, "{daily:?}");
        }
        let twice = Cadence::Calendar(vec!["*-*-* 14:0:00".into(), "*-*-* 2:0:00".into()]);
        assert_eq!(of(&["0 2 * * *", "0 14 * * *"]), twice);
        assert_eq!(of(&["@reboot"]), Cadence::Unsaid("@reboot".into()));
    }
}
