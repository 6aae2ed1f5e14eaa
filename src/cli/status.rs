//! `status`: for monitoring systems, which read one line and an exit code and nothing else.

use clap::Args;

use super::Trouble;
use super::output::Output;
use super::session::{Session, cancel};
use crate::config::{ConfigError, span_of_time};
use crate::status::Health;
use crate::system::{Clock, is_root};
use crate::workflow::{AS_ROOT, ExitCode, status};

/// Options of `status`.
#[derive(Args, Debug)]
pub(super) struct StatusArgs {
    /// A newest backup that is older is CRITICAL: 90m, 26h, 8d, or a number of seconds
    #[arg(long, value_name = "SPAN", default_value = "26h")]
    max_age: String,
}

/// `proxmox-backup status [--max-age 26h]`. What goes wrong here is UNKNOWN: CRITICAL wakes people.
pub(super) fn run(session: &Session, arguments: &StatusArgs, output: &mut Output) -> Result<ExitCode, Trouble> {
    let health = ask(session, &arguments.max_age).unwrap_or_else(|why| Health::unknown(&why));
    if output.is_json() {
        output.object(&health.to_json())?;
    } else {
        output.line(health.to_string())?;
    }
    Ok(health.state.into())
}

fn ask(session: &Session, max_age: &str) -> Result<Health, String> {
    let limit = span_of_time(max_age).filter(|limit| !limit.is_zero());
    let limit = limit.ok_or_else(|| format!("--max-age {max_age}: give a span of time such as 90m, 26h, 8d"))?;
    let loaded = session.load(&[]).map_err(words)?;
    let config = &loaded.config;
    let host = Session::host(config).map_err(words)?.name;
    Ok(status(config, &host, Clock::System.now(), limit, &cancel().map_err(|error| error.to_string())?))
}

fn words(trouble: Trouble) -> String {
    match trouble {
        Trouble::Config(ConfigError::File(error)) if error.is_denied() && !is_root() => format!("{error}; {AS_ROOT}"),
        Trouble::Config(mistakes) => {
            let all = mistakes.to_string();
            format!("configuration: {}; {}", all.lines().next().unwrap_or_default(), mistakes.hint())
        }
        Trouble::Failure(failure) => failure.to_string(),
        Trouble::Usage(mistake) => mistake,
        Trouble::Closed => "nobody listens".to_owned(),
    }
}
