//! The configuration file of nats-server: what we set, and how values are written in it.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    path::Path,
};

use crate::nats_user::{ACCOUNT, NatsGuest, NatsUser};

/// Everything that goes into the file.
pub(crate) struct NatsConfig<'a> {
    pub(crate) port: u16,
    pub(crate) server_name: &'a str,
    pub(crate) pid_file: &'a Path,
    pub(crate) store: &'a Path,
    pub(crate) max_file_store: u64,
    pub(crate) users: &'a [NatsUser],
    pub(crate) guests: &'a [NatsGuest],
    pub(crate) exports: &'a [String],
    pub(crate) passwords: &'a BTreeMap<String, String>,
    pub(crate) extra: Option<&'a str>,
}

impl NatsConfig<'_> {
    /// The text of the file.
    pub(crate) fn render(&self) -> String {
        // A client that is gone without a word (its machine lost power) still counts among those who
        // answer requests: until the server notices, which by default takes six minutes.
        let mut text = format!(
            "listen: \"127.0.0.1:{}\"\nserver_name: {}\npid_file: {}\n\
             ping_interval: \"5s\"\nping_max: 2\n\
             jetstream {{\n  store_dir: {}\n  max_file_store: {}\n}}\n",
            self.port,
            quoted(self.server_name),
            quoted(&self.pid_file.to_string_lossy()),
            quoted(&self.store.to_string_lossy()),
            self.max_file_store,
        );
        text.push_str("accounts {\n");
        self.render_account(&mut text).expect("writing to a String does not fail");
        for guest in self.guests {
            text.push_str(&guest.config());
        }
        text.push_str("}\n");
        if let Some(extra) = self.extra {
            text.push_str(extra);
            text.push('\n');
        }
        text
    }

    fn render_account(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "  {ACCOUNT} {{\n    jetstream: enabled\n    users: [")?;
        for user in self.users {
            let password = &self.passwords[&user.name];
            writeln!(
                text,
                "      {{ user: {}, password: {}, permissions: {{ publish: {}, subscribe: {}, allow_responses: {} }} }}",
                quoted(&user.name),
                quoted(password),
                subjects(&user.publish),
                subjects(&user.subscribe),
                user.allow_responses,
            )?;
        }
        text.push_str("    ]\n    exports: [\n");
        for subject in self.exports {
            let subject = quoted(subject);
            // Many answers to one request: a request for messages has as many as it asks for.
            writeln!(text, "      {{ service: {subject}, response_type: stream }}")?;
        }
        text.push_str("    ]\n  }\n");
        Ok(())
    }
}

impl NatsGuest {
    /// Its entry among the `accounts` of nats-server's configuration. What it imports has to be
    /// exported by the account of the users.
    pub fn config(&self) -> String {
        let imports = self.publish.iter().fold(String::new(), |list, subject| {
            let subject = quoted(subject);
            list + &format!("      {{ service: {{ account: {ACCOUNT}, subject: {subject} }} }}\n")
        });
        format!(
            "  {name}: {{\n    users: [\n      {{ user: {name}, password: {password}, permissions: {{ publish: {publish}, subscribe: {subscribe} }} }}\n    ]\n    imports: [\n{imports}    ]\n  }}\n",
            name = quoted(&self.name),
            password = quoted(&self.password_hash),
            publish = subjects(&self.publish),
            subscribe = subjects(&self.subscribe),
        )
    }
}

/// Lists what is allowed; an empty list allows nothing.
fn subjects(allowed: &[String]) -> String {
    if allowed.is_empty() {
        return "{ deny: [\">\"] }".to_owned();
    }
    let list: Vec<String> = allowed.iter().map(|subject| quoted(subject)).collect();
    format!("{{ allow: [{}] }}", list.join(", "))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_lists_users_with_what_they_may_do() {
        let users = [NatsUser {
            name: "audit".into(),
            password: None,
            publish: vec!["$JS.API.>".into(), "mandate.rpc.>".into()],
            subscribe: Vec::new(),
            allow_responses: true,
        }];
        let guests = [NatsGuest {
            name: "reader".into(),
            password_hash: "$2a$05$hash".into(),
            publish: vec!["$JS.ACK.EVENTS.reader.>".into()],
            subscribe: vec!["_INBOX.reader.>".into()],
        }];
        let passwords = BTreeMap::from([("audit".to_owned(), "secret".to_owned())]);
        let config = NatsConfig {
            port: 4222,
            server_name: "local",
            pid_file: Path::new("/d/nats.pid"),
            store: Path::new("/d/a \"quoted\" folder"),
            max_file_store: 1024,
            users: &users,
            guests: &guests,
            exports: &["$JS.ACK.EVENTS.>".to_owned()],
            passwords: &passwords,
            extra: Some("max_payload: 2MB"),
        };
        assert_eq!(
            config.render(),
            r#"listen: "127.0.0.1:4222"
server_name: "local"
pid_file: "/d/nats.pid"
ping_interval: "5s"
ping_max: 2
jetstream {
  store_dir: "/d/a \"quoted\" folder"
  max_file_store: 1024
}
accounts {
  MANDATE {
    jetstream: enabled
    users: [
      { user: "audit", password: "secret", permissions: { publish: { allow: ["$JS.API.>", "mandate.rpc.>"] }, subscribe: { deny: [">"] }, allow_responses: true } }
    ]
    exports: [
      { service: "$JS.ACK.EVENTS.>", response_type: stream }
    ]
  }
  "reader": {
    users: [
      { user: "reader", password: "$2a$05$hash", permissions: { publish: { allow: ["$JS.ACK.EVENTS.reader.>"] }, subscribe: { allow: ["_INBOX.reader.>"] } } }
    ]
    imports: [
      { service: { account: MANDATE, subject: "$JS.ACK.EVENTS.reader.>" } }
    ]
  }
}
max_payload: 2MB
"#
        );
    }
}
