//! Secrets of the channels through whole runs: each reaches the receiver it belongs to, and nothing
//! else: no screen, log, statistics, manifest, metrics, temporary file, process or other receiver.
//!
//! One more channel is one more row of [`ALONE`]; one that does not speak HTTP brings its own [`Ears`].

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use proxmox_backup::system::is_root;

use super::{Aviary, home_of_secrets, private_file, program_with};
use crate::notify::receiver::{Heard, Receiver, Reply};
use crate::sample::{Sample, files_in, names_in, skip};

/// Who listens for a channel.
struct Ears {
    address: String,
    /// All that came, as it came.
    heard: Box<dyn Fn() -> Vec<u8>>,
}

/// A channel with its secrets.
struct Channel {
    name: &'static str,
    ears: Ears,
    own: Aviary,
    lines: String,
}

/// Whether the receivers take what comes, or refuse it; either way they repeat all of it.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Takes,
    Refuses,
}

/// Name and settings; each CANARY is a new secret.
const ALONE: [(&str, &str); 10] = [
    (
        "telegram",
        "TELEGRAM_ENABLED=true\nTELEGRAM_BOT_TOKEN=123456:CANARYAAAAAAAA\nTELEGRAM_CHAT_ID=1\nTELEGRAM_API_URL=ADDRESS\n",
    ),
    ("gotify", "GOTIFY_ENABLED=true\nGOTIFY_SERVER_URL=http://me:CANARY@PLACE/\nGOTIFY_TOKEN=CANARY\n"),
    (
        "ping",
        "HEALTHCHECK_ENABLED=true\nHEALTHCHECK_BACKUP_URL=ADDRESS/CANARY\nHEALTHCHECK_NOTIFY_GOTIFY_URL=ADDRESS/CANARY\n",
    ),
    (
        "webhook bearer",
        "WEBHOOK_BEARER_URL=ADDRESS/\nWEBHOOK_BEARER_AUTH_TYPE=bearer\nWEBHOOK_BEARER_AUTH_TOKEN=CANARY\n",
    ),
    (
        "webhook basic",
        "WEBHOOK_BASIC_URL=ADDRESS/\nWEBHOOK_BASIC_AUTH_TYPE=basic\nWEBHOOK_BASIC_AUTH_USER=me\nWEBHOOK_BASIC_AUTH_PASS=CANARY\n",
    ),
    (SIGNED, "WEBHOOK_SIGNED_URL=ADDRESS/\nWEBHOOK_SIGNED_AUTH_TYPE=hmac\nWEBHOOK_SIGNED_AUTH_SECRET=CANARY\n"),
    ("webhook secret", "WEBHOOK_SECRET_URL=ADDRESS/hook/CANARY?t=CANARY\n"),
    (
        "webhook header",
        "WEBHOOK_HEADER_URL=ADDRESS/\nWEBHOOK_HEADER_HEADERS='X-Key:CANARY, X-Title:{{subject}}, X-Both:CANARY {{host}}'\n",
    ),
    (
        "webhook filled",
        "WEBHOOK_FILLED_URL=ADDRESS/\nWEBHOOK_FILLED_TEMPLATE='{\"topic\":\"CANARY\",\"t\":\"{{text}}\",\"p\":{{priority}}}'\n",
    ),
    (
        "email",
        "EMAIL_ENABLED=true\nEMAIL_DELIVERY_METHOD=relay\nEMAIL_FALLBACK_SENDMAIL=false\nEMAIL_RECIPIENT=a@example.org\nCLOUDFLARE_WORKER_URL=ADDRESS/CANARY\nCLOUDFLARE_WORKER_TOKEN=CANARY\nWORKER_MAX_RETRIES=0\n",
    ),
];

/// Its key signs and is not sent, not even to its own receiver.
const SIGNED: &str = "webhook signed";

/// By a server: what it gives, or has given.
const CENTRAL: [(&str, &str); 3] = [
    ("gives a secret", "TELEGRAM_CONFIRM_INTERVAL_SECONDS=0\nHEALTHCHECK_MODE=centralized\nHEALTHCHECK_ENABLED=true\n"),
    ("has given one", "TELEGRAM_SERVER_SECRET=CANARY\nHEALTHCHECK_MODE=centralized\nHEALTHCHECK_ENABLED=true\n"),
    ("lends its bot", "TELEGRAM_API_URL=ADDRESS\n"),
];

fn raw(heard: &[Heard]) -> Vec<u8> {
    heard.iter().flat_map(|one| format!("{one:?}\n{}\n", String::from_utf8_lossy(&one.body)).into_bytes()).collect()
}

fn ears(receiver: Receiver) -> Ears {
    let address = receiver.address();
    Ears { address, heard: Box::new(move || raw(&receiver.heard())) }
}

/// Good for Telegram and Gotify; and all that came.
fn echo(mood: Mood, heard: &Heard) -> Reply {
    let echo = String::from_utf8_lossy(&raw(std::slice::from_ref(heard))).into_owned();
    match mood {
        Mood::Takes => Reply::Say(
            200,
            serde_json::json!({"ok": true, "result": {"message_id": 1}, "id": 5, "echo": echo}).to_string(),
        ),
        Mood::Refuses => Reply::Say(403, echo),
    }
}

/// Fills the settings in; each secret is one of all, and one of its own channel.
fn channel(all: &mut Aviary, name: &'static str, template: &str, ears: Ears) -> Channel {
    let mut own = Aviary::default();
    let mut lines =
        template.replace("ADDRESS", &ears.address).replace("PLACE", ears.address.trim_start_matches("http://"));
    while lines.contains("CANARY") {
        let canary = all.hatch(name);
        own.add(name, &canary);
        lines = lines.replacen("CANARY", &canary, 1);
    }
    Channel { name, ears, own, lines }
}

fn settings(sample: &Sample, channels: &[Channel]) -> String {
    let names: Vec<&str> = channels.iter().filter_map(|channel| channel.name.strip_prefix("webhook ")).collect();
    let webhooks = format!("WEBHOOK_ENABLED={}\nWEBHOOK_ENDPOINTS={}\n", !names.is_empty(), names.join(","));
    let metrics = sample.path("metrics");
    std::fs::create_dir_all(&metrics).unwrap();
    let lines: String = channels.iter().map(|channel| channel.lines.as_str()).collect();
    format!(
        "METRICS_ENABLED=true\nMETRICS_PATH={}\nBUNDLE_ASSOCIATED_FILES=false\nCOMPRESSION_TYPE=none\n\
         WEBHOOK_MAX_RETRIES=0\n{webhooks}{lines}",
        metrics.display()
    )
}

fn host() -> Sample {
    let sample = Sample::empty("canary");
    sample.plant("/etc/hostname", "canary\n");
    sample.plant("/etc/hosts", "127.0.0.1 canary\n");
    sample.plant("/etc/network/interfaces", "auto lo\n");
    sample
}

/// The program behind strace, which notes what each process is given: the program itself, too.
fn traced(program: &Command, calls: &Path) -> Command {
    private_file(calls, "");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-v", "-s", "65536", "-e", "trace=execve,execveat", "-e", "signal=none", "-o"]).arg(calls);
    strace.arg(program.get_program()).args(program.get_args()).env_clear().stdin(Stdio::null());
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace
}

/// Runs it to its end; meanwhile nothing that lies about may sing.
fn watched(command: &mut Command, all: &Aviary, sample: &Sample, may_hold: &dyn Fn(&Path) -> bool) -> Output {
    let child: Child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let waiting = std::thread::spawn(move || child.wait_with_output().unwrap());
    while !waiting.is_finished() {
        all.assert_silent_below(&sample.path(""), may_hold);
        std::thread::sleep(std::time::Duration::from_millis(40));
    }
    waiting.join().unwrap()
}

/// Everything that a run with these channels leaves behind.
fn assert_only_its_own(all: &Aviary, channels: &[Channel], what: &str) {
    for channel in channels {
        let heard = (channel.ears.heard)();
        assert!(!heard.is_empty(), "{what}: {} is asked", channel.name);
        let sung: Vec<String> = all.heard_in(&heard).into_iter().map(str::to_owned).collect();
        let strangers: Vec<&String> = sung
            .iter()
            .filter(|of| *of != channel.name && !of.starts_with(&format!("{} in base64", channel.name)))
            .collect();
        assert!(strangers.is_empty(), "{what}: {} hears {strangers:?}", channel.name);
        let silent = channel.own.0.iter().filter(|canary| canary.form == super::Form::AsItIs);
        let silent =
            silent.filter(|canary| !String::from_utf8_lossy(&heard.to_ascii_lowercase()).contains(&canary.text));
        // A login is heard encoded.
        let may_be_silent = [SIGNED, "webhook basic", "gotify"].contains(&channel.name);
        assert!(may_be_silent || silent.count() == 0, "{what}: {} gets its secrets", channel.name);
        assert!(channel.name != SIGNED || sung.is_empty(), "{what}: a key is sent");
    }
}

/// One run, watched from all sides.
fn assert_run(all: &Aviary, sample: &Sample, program: &Command, channels: &[Channel], (code, what): (i32, &str)) {
    let calls = sample.path("secrets/calls");
    let is_home = home_of_secrets(sample);
    let state = sample.path("state");
    let is_kept = |path: &Path| {
        path.parent() == Some(&state)
            && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("central-"))
    };
    let is_archive = |path: &Path| path.extension().is_some_and(|end| end == "tar");
    let may_hold = |path: &Path| is_home(path) || is_kept(path) || is_archive(path);
    let output = watched(&mut traced(program, &calls), all, sample, &may_hold);
    all.assert_silent_command(&output, what);
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ptrace") && said.contains("not permitted") {
        return skip("tracing is not permitted");
    }
    assert_eq!(output.status.code(), Some(code), "{what}: {said}");
    let started = std::fs::read(&calls).unwrap();
    assert!(String::from_utf8_lossy(&started).contains("proxmox-backup"), "{what}: processes are looked at");
    all.assert_silent(&started, &format!("{what}: processes"));
    all.assert_silent_below(&sample.path(""), &may_hold);
    for dir in ["logs", "metrics", "backups"] {
        assert!(!names_in(&sample.path(dir)).is_empty(), "{what}: {dir} is looked at");
    }
    assert!(files_in(&sample.path("backups")).iter().any(|path| path.to_string_lossy().ends_with(".manifest.json")));
    for dir in ["run", "tmp"] {
        assert!(!names_in(&sample.path(dir)).iter().any(|name| name.contains("workspace")), "{what}: {dir}");
    }
    assert_only_its_own(all, channels, what);
}

#[test]
fn a_secret_of_a_channel_reaches_its_receiver_and_nobody_else() {
    for mood in [Mood::Takes, Mood::Refuses] {
        let (sample, mut all) = (host(), Aviary::default());
        let receiver = || Receiver::by(move |_, heard| echo(mood, heard));
        let channels: Vec<Channel> =
            ALONE.iter().map(|(name, lines)| channel(&mut all, name, lines, ears(receiver()))).collect();
        sample.configure(&settings(&sample, &channels));
        let program = program_with(&sample, "backup.env", &["backup", "--json", "-d", "5"]);
        let what = if mood == Mood::Takes { "taken" } else { "refused" };
        assert_run(&all, &sample, &program, &channels, (0, what));
    }
}

/// A server that lives in the settings as `gives a secret`, `has given one` or `lends its bot`.
fn server(mood: Mood, [key, bot, check]: [String; 3]) -> Receiver {
    Receiver::by(move |_, heard| {
        let body = match heard.path.split('?').next().unwrap() {
            "/api/get-chat-id" if !bot.is_empty() => serde_json::json!({"bot_token": format!("1:{bot}"), "chat_id": 4}),
            "/api/get-chat-id" => serde_json::json!({"notify_secret": key}),
            "/api/healthcheck/config" => {
                serde_json::json!({"backup_ping_url": format!("http://{}/{check}", heard.header("host").unwrap())})
            }
            "/api/notify" if mood == Mood::Takes => return Reply::Say(202, format!("{heard:?}")),
            "/api/notify/status" => serde_json::json!({"state": "failed", "reason": format!("{heard:?}")}),
            _ => return echo(mood, heard),
        };
        Reply::Say(200, body.to_string())
    })
}

/// The sample's root as the machine itself, with this one's programs: only a running machine has a number.
fn in_its_root(sample: &Sample, program: &Command) -> Command {
    let root = sample.root();
    let script = "set -e; root=$1; own=$2; shift 2\n\
        for dir in usr bin sbin lib lib64 dev proc; do [ -e /$dir ] || continue; mkdir -p $root/$dir; mount --rbind /$dir $root/$dir; done\n\
        mkdir -p $root/tmp; for dir in \"$own\" \"${1%/*}\"; do mkdir -p \"$root$dir\"; mount --bind \"$dir\" \"$root$dir\"; done\n\
        exec chroot $root \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh"]);
    command.arg(root).arg(sample.path("")).arg(program.get_program()).args(["--config"]).arg(sample.path("backup.env"));
    let words: Vec<_> = program.get_args().skip_while(|word| *word != "backup").collect();
    command.args(words).env_clear().stdin(Stdio::null());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

#[test]
fn a_secret_of_a_central_server_reaches_it_and_nobody_else() {
    if !is_root() {
        return skip("only root has a number");
    }
    // The first run makes the number; the second one begins with it.
    let moods = [(Mood::Takes, &["first", "second"][..]), (Mood::Refuses, &["only"]), (Mood::Refuses, &["only"])];
    std::thread::scope(|scope| {
        for (row, (mood, rounds)) in CENTRAL.into_iter().zip(moods) {
            scope.spawn(move || assert_central(row, mood, rounds));
        }
    });
}

fn assert_central((how, lines): (&str, &str), mood: Mood, rounds: &[&str]) {
    let (sample, mut all) = (host(), Aviary::default());
    let mut given = |wanted: bool| if wanted { all.hatch("central") } else { String::new() };
    let key = given(how == "gives a secret");
    let bot = given(how == "lends its bot");
    let check = given(lines.contains("HEALTHCHECK_MODE"));
    let secrets = [key, bot, check];
    let usual = "TELEGRAM_ENABLED=true\nBOT_TELEGRAM_TYPE=centralized\nTELEGRAM_SERVER_API_HOST=ADDRESS\n";
    let listening = ears(server(mood, secrets));
    let mut channels = vec![channel(&mut all, "central", &format!("{usual}{lines}"), listening)];
    let (name, bearer) = ALONE[3];
    let stranger = Receiver::by(move |_, heard| echo(mood, heard));
    channels.push(channel(&mut all, name, bearer, ears(stranger)));
    sample.configure(&settings(&sample, &channels));
    let program = program_with(&sample, "backup.env", &["backup", "--json", "-d", "5"]);
    for round in rounds {
        let command = in_its_root(&sample, &program);
        let what = format!("{how}, {round} run, {}", if mood == Mood::Takes { "taken" } else { "refused" });
        assert_run(&all, &sample, &command, &channels, (1, &what));
    }
    let heard = (channels[0].ears.heard)();
    for canary in channels[0].own.0.iter().chain(all.0.iter().filter(|canary| canary.of == "central")) {
        let text = String::from_utf8_lossy(&heard).to_ascii_lowercase();
        let is_plain = canary.form == super::Form::AsItIs;
        assert!(!is_plain || text.contains(&canary.text), "{how}: {} is used", canary.of);
    }
    let kept = files_in(&sample.path("state")).into_iter().find(|path| path.to_string_lossy().contains("central-"));
    assert_eq!(kept.is_some(), how == "gives a secret", "{how}");
}
