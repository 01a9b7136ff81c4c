//! The configuration file of nats-server: what we set, and how values are written in it.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    path::Path,
};

use crate::nats_user::{ACCOUNT, NatsAccount, NatsExport, NatsGuest, NatsImport, NatsUser};

/// Everything that goes into the file.
pub(crate) struct NatsConfig<'a> {
    pub(crate) port: u16,
    pub(crate) server_name: &'a str,
    pub(crate) pid_file: &'a Path,
    pub(crate) store: &'a Path,
    pub(crate) max_file_store: u64,
    pub(crate) users: &'a [NatsUser],
    pub(crate) accounts: &'a [NatsAccount],
    pub(crate) guests: &'a [NatsGuest],
    pub(crate) exports: &'a [NatsExport],
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
        if !self.is_told_by_extra() {
            self.render_accounts(&mut text).expect("writing to a String does not fail");
        }
        if let Some(extra) = self.extra {
            text.push_str(extra);
            text.push('\n');
        }
        text
    }

    /// An operator's JWTs describe all accounts: the server takes no others beside them.
    fn is_told_by_extra(&self) -> bool {
        let nobody = self.users.is_empty() && self.accounts.is_empty() && self.guests.is_empty();
        nobody && self.extra.is_some()
    }

    fn render_accounts(&self, text: &mut String) -> fmt::Result {
        text.push_str("accounts {\n");
        writeln!(text, "  {ACCOUNT} {{\n    jetstream: enabled")?;
        self.render_users(text, self.users)?;
        render_exports(text, self.exports)?;
        text.push_str("  }\n");
        for account in self.accounts {
            writeln!(text, "  {} {{", quoted(&account.name))?;
            self.render_users(text, &account.users)?;
            render_exports(text, &account.exports)?;
            render_imports(text, &account.imports)?;
            text.push_str("  }\n");
        }
        for guest in self.guests {
            text.push_str(&guest.config());
        }
        text.push_str("}\n");
        Ok(())
    }

    fn render_users(&self, text: &mut String, users: &[NatsUser]) -> fmt::Result {
        text.push_str("    users: [\n");
        for user in users {
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
        text.push_str("    ]\n");
        Ok(())
    }
}

fn render_exports(text: &mut String, exports: &[NatsExport]) -> fmt::Result {
    text.push_str("    exports: [\n");
    for NatsExport { subject, many_answers } in exports {
        let answers = if *many_answers { ", response_type: stream" } else { "" };
        writeln!(text, "      {{ service: {}{answers} }}", quoted(subject))?;
    }
    text.push_str("    ]\n");
    Ok(())
}

fn render_imports(text: &mut String, imports: &[NatsImport]) -> fmt::Result {
    text.push_str("    imports: [\n");
    for NatsImport { account, subject, local } in imports {
        let account = account.as_deref().map_or_else(|| ACCOUNT.to_owned(), quoted);
        let local = local.as_deref().map(|local| format!(", to: {}", quoted(local)));
        writeln!(
            text,
            "      {{ service: {{ account: {account}, subject: {} }}{} }}",
            quoted(subject),
            local.unwrap_or_default()
        )?;
    }
    text.push_str("    ]\n");
    Ok(())
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
        let accounts = [NatsAccount {
            name: "keys".into(),
            users: vec![NatsUser::unlimited("keys")],
            exports: vec![NatsExport { subject: "rpc.keys.>".into(), many_answers: false }],
            imports: vec![
                NatsImport {
                    account: None,
                    subject: "$JS.API.STREAM.INFO.EVENTS".into(),
                    local: Some("js.STREAM.INFO.EVENTS".into()),
                },
                NatsImport {
                    account: Some("apps".into()),
                    subject: "rpc.apps.>".into(),
                    local: None,
                },
            ],
        }];
        let passwords = ["audit", "keys"].map(|name| (name.to_owned(), "secret".to_owned()));
        let passwords = BTreeMap::from(passwords);
        let config = NatsConfig {
            port: 4222,
            server_name: "local",
            pid_file: Path::new("/d/nats.pid"),
            store: Path::new("/d/a \"quoted\" folder"),
            max_file_store: 1024,
            users: &users,
            guests: &guests,
            exports: &[NatsExport { subject: "$JS.ACK.EVENTS.>".into(), many_answers: true }],
            accounts: &accounts,
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
  "keys" {
    users: [
      { user: "keys", password: "secret", permissions: { publish: { allow: [">"] }, subscribe: { allow: [">"] }, allow_responses: true } }
    ]
    exports: [
      { service: "rpc.keys.>" }
    ]
    imports: [
      { service: { account: MANDATE, subject: "$JS.API.STREAM.INFO.EVENTS" }, to: "js.STREAM.INFO.EVENTS" }
      { service: { account: "apps", subject: "rpc.apps.>" } }
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
