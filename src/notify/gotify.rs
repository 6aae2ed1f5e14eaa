//! Gotify. The token goes in a header: addresses end up in the logs of servers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Attempts, Http, Request, below};
use super::{Channel, NotifyError, wants};
use crate::config::{self, NotifyOn};
use crate::report::{Message, Verdict};
use crate::system::Cancel;

/// Messages to a Gotify server.
pub(super) struct Gotify {
    http: Arc<Http>,
    settings: config::Gotify,
    on: NotifyOn,
}

impl Gotify {
    pub(super) fn new(http: &Arc<Http>, settings: config::Gotify, on: NotifyOn) -> Self {
        Self { http: Arc::clone(http), settings, on }
    }
}

impl Channel for Gotify {
    fn name(&self) -> &'static str {
        "gotify"
    }

    fn wants(&self, verdict: Verdict) -> bool {
        wants(self.on, verdict)
    }

    fn limit(&self) -> Duration {
        Attempts::USUAL.limit()
    }

    fn send(&self, message: &Message, cancel: &Cancel) -> Result<String, NotifyError> {
        let request = Request {
            method: "POST",
            url: below(&self.settings.server, "/message"),
            headers: vec![("X-Gotify-Key".to_owned(), self.settings.token.clone())],
            body: Some(("application/json", body(message, self.settings.priorities).to_string().into_bytes())),
            hidden: Vec::new(),
        };
        let answer = self.http.send(&request, Attempts::USUAL, cancel)?;
        // A login page in between answers with status 200 as well.
        let id = serde_json::from_slice::<Value>(&answer.body).ok().and_then(|said| said["id"].as_u64());
        match id {
            Some(id) => Ok(format!("{}, message {id}", answer.receipt())),
            None => Err(NotifyError::Refused {
                status: answer.status,
                answer: "the answer is not that of a Gotify server".to_owned(),
            }),
        }
    }
}

fn body(message: &Message, [success, warning, failure]: [i64; 3]) -> Value {
    let priority = match message.verdict {
        Verdict::Ok | Verdict::Skipped => success,
        Verdict::Warnings(_) => warning,
        Verdict::Failed => failure,
    };
    json!({ "title": message.subject, "message": message.text, "priority": priority })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use crate::report::RunReport;

    #[test]
    fn the_priority_follows_the_verdict() {
        let message = RunReport::example(Host::default(), None, chrono::DateTime::default());
        for (verdict, priority) in [(Verdict::Ok, 2), (Verdict::Warnings(1), 5), (Verdict::Failed, 8)] {
            let body = body(&Message { verdict, ..message.clone() }, [2, 5, 8]);
            assert_eq!(body["priority"], priority);
            assert_eq!(body["title"], message.subject.as_str());
        }
    }
}
