//! Tokens, addresses and passwords show nowhere, even where the other side repeats them.

use super::{Heard, Receiver, Reply, host, said};
use crate::sample::files_in;

const BOT: &str = "99887766:C4naryTelegramAAAAAAAAAAAAAAAAAAAAAAAA";
const SECRETS: [&str; 9] = [
    "C4naryTelegram",
    "C4naryGotify",
    "C4naryHookPath",
    "C4naryHeader",
    "C4naryBearer",
    "C4naryPassword",
    "C4naryHmacKey",
    "C4naryPingKey",
    "C4naryLogin",
];

/// Everything that came, as an answer: what a debugging proxy does.
fn echo(status: u16) -> impl Fn(usize, &Heard) -> Reply + Send + Sync + 'static {
    move |_, heard| Reply::Say(status, format!("{heard:?} {}", String::from_utf8_lossy(&heard.body)))
}

fn settings(address: &str, login: &str) -> String {
    let address_with_login = address.replace("http://", &format!("http://{login}@"));
    format!(
        "TELEGRAM_ENABLED=true\nTELEGRAM_BOT_TOKEN={BOT}\nTELEGRAM_CHAT_ID=1\nTELEGRAM_API_URL={address}\n\
         GOTIFY_ENABLED=true\nGOTIFY_SERVER_URL={address_with_login}\nGOTIFY_TOKEN=C4naryGotify\n\
         HEALTHCHECK_ENABLED=true\nHEALTHCHECK_PING_ENDPOINT={address}\nHEALTHCHECK_PING_KEY=C4naryPingKey\n\
         HEALTHCHECK_BACKUP_ID=pve1\n\
         WEBHOOK_ENABLED=true\nWEBHOOK_ENDPOINTS=a,b,c\nWEBHOOK_MAX_RETRIES=1\nWEBHOOK_RETRY_DELAY=0\n\
         WEBHOOK_A_URL={address}/C4naryHookPath\nWEBHOOK_A_HEADERS=X-Key:C4naryHeader\n\
         WEBHOOK_A_AUTH_TYPE=bearer\nWEBHOOK_A_AUTH_TOKEN=C4naryBearer\n\
         WEBHOOK_B_URL={address}/b\nWEBHOOK_B_AUTH_TYPE=basic\nWEBHOOK_B_AUTH_USER=u\nWEBHOOK_B_AUTH_PASS=C4naryPassword\n\
         WEBHOOK_C_URL={address}/c\nWEBHOOK_C_AUTH_TYPE=hmac\nWEBHOOK_C_AUTH_SECRET=C4naryHmacKey\n"
    )
}

#[test]
fn nothing_secret_is_said_logged_or_kept() {
    for status in [200, 400, 403, 429] {
        let receiver = Receiver::by(echo(status));
        assert_silent(&settings(&receiver.address(), "me:C4naryLogin"), &format!("status {status}"));
        assert!(receiver.heard().len() >= 12, "all are asked");
    }
    // Nobody is there; an address that is none.
    assert_silent(&settings("http://127.0.0.1:1", "me:C4naryLogin"), "nobody");
    assert_silent(&settings("http://no-such-host.invalid", "me:C4naryLogin"), "no host");
    assert_silent(&settings("http://[C4naryHookPath", "me:C4naryLogin"), "no address");
}

fn assert_silent(settings: &str, what: &str) {
    let sample = host();
    sample.configure(settings);
    for arguments in [&["backup", "-d", "5"][..], &["notify", "test", "-vv"], &["notify", "test", "--json"]] {
        let output = sample.run(arguments);
        assert!(output.status.code().is_some_and(|code| code <= 6), "{what}: {}", said(&output));
        silent(&said(&output), what);
    }
    for directory in ["logs", "state", "run"] {
        for file in files_in(&sample.path(directory)).into_iter().filter(|file| file.is_file()) {
            silent(&String::from_utf8_lossy(&std::fs::read(&file).unwrap()), &format!("{what}: {}", file.display()));
        }
    }
}

fn silent(text: &str, place: &str) {
    let heard: Vec<&str> = SECRETS.into_iter().filter(|secret| text.contains(secret)).collect();
    assert!(heard.is_empty(), "{place}: {heard:?} in {text}");
}
