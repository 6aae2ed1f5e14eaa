//! The text of `/etc/vzdump.conf`: `key: value` lines and comments, of which one line is changed and
//! all others stay as they are.

/// The script that vzdump would call. Of several lines the last one counts there.
pub fn script_of(text: &str) -> Option<&str> {
    text.lines().filter_map(script_in).next_back()
}

/// The same text with this script, or without any.
pub fn with_script(text: &str, script: Option<&str>) -> String {
    let last = text.lines().enumerate().filter(|(_, line)| script_in(line).is_some()).last();
    let mut lines: Vec<String> = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if script_in(line).is_none() {
            lines.push(line.to_owned());
        } else if let (Some(script), true) = (script, last.is_some_and(|(last, _)| last == at)) {
            lines.push(format!("script: {script}\n"));
        }
    }
    if let (Some(script), None) = (script, last) {
        if let Some(end) = lines.last_mut().filter(|line| !line.ends_with('\n')) {
            end.push('\n');
        }
        lines.push(format!("script: {script}\n"));
    }
    lines.concat()
}

fn script_in(line: &str) -> Option<&str> {
    let (key, value) = line.trim().split_once(':')?;
    let value = value.trim();
    (key.trim_end() == "script" && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = "# vzdump default settings\n\n#tmpdir: DIR\n#script: FILENAME\n#exclude-path: PATHLIST\n";

    #[test]
    fn a_comment_is_no_script_and_stays() {
        assert_eq!(script_of(SHIPPED), None);
        let with = with_script(SHIPPED, Some("/etc/hook"));
        assert_eq!(with, format!("{SHIPPED}script: /etc/hook\n"));
        assert_eq!(script_of(&with), Some("/etc/hook"));
        assert_eq!(with_script(&with, None), SHIPPED);
    }

    #[test]
    fn the_line_that_counts_is_changed_where_it_stands() {
        let text = "script: /a\nmode: stop\nscript:/b \n# end";
        assert_eq!(script_of(text), Some("/b"));
        assert_eq!(with_script(text, Some("/c")), "mode: stop\nscript: /c\n# end");
        assert_eq!(with_script(text, None), "mode: stop\n# end");
    }

    #[test]
    fn a_last_line_without_an_end_gets_one() {
        assert_eq!(with_script("mode: stop", Some("/c")), "mode: stop\nscript: /c\n");
        assert_eq!(with_script("", Some("/c")), "script: /c\n");
    }
}
