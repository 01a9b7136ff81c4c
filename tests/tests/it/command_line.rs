//! The commands, and how they refuse.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;

use contract::Service;
use journeys::program::{Process, command, finish, run};
use journeys::system::{Servers, ready};
use nix::sys::signal::Signal;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use stage::{Addresses, Client, eventually};
use translog::{Checkpoint, Hash, Signer};

#[test]
fn it_tells_its_version_its_commands_and_its_completions() {
    assert!(run(&["version"]).succeeded().starts_with("mandate "));
    let help = run(&["--help"]).succeeded();
    for name in ["up", "serve", "migrate", "config", "operators", "version"] {
        assert!(help.contains(&format!("  {name}")), "{name} is not in the help");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell]).succeeded().contains("operators"), "{shell}");
    }
    let document: serde_json::Value = serde_json::from_str(&run(&["openapi"]).succeeded()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[test]
fn an_unknown_key_in_file_or_environment_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mandate.toml");
    std::fs::write(&file, "[http]\nmax_body_byte = 1\n").unwrap();
    let refused = run(&["config", "--config", file.to_str().unwrap()]).failed();
    assert!(refused.contains("max_body_byte"), "{refused}");
    let refused = finish(command(&["config"]).env("MANDATE_LISTNE", "127.0.0.1:1")).failed();
    assert!(refused.contains("MANDATE_LISTNE"), "{refused}");
    let refused = run(&["config", "--config", "nowhere.toml"]).failed();
    assert!(refused.contains("nowhere.toml"), "{refused}");
    let not_text = OsStr::from_bytes(b"postgres://\xff");
    let refused = finish(command(&["config"]).env("MANDATE_DATABASE__URL", not_text)).failed();
    assert!(refused.contains("MANDATE_DATABASE__URL is not UTF-8"), "{refused}");
}

/// Kubernetes gives every container these where a Service is called `mandate`.
#[test]
fn what_kubernetes_says_of_a_service_called_mandate_is_passed_over() {
    let made = [
        ("MANDATE_SERVICE_HOST", "10.0.0.7"),
        ("MANDATE_SERVICE_PORT", "80"),
        ("MANDATE_SERVICE_PORT_HTTP", "80"),
        ("MANDATE_PORT", "tcp://10.0.0.7:80"),
        ("MANDATE_PORT_80_TCP", "tcp://10.0.0.7:80"),
        ("MANDATE_PORT_80_TCP_PROTO", "tcp"),
        ("MANDATE_PORT_80_TCP_PORT", "80"),
        ("MANDATE_PORT_80_TCP_ADDR", "10.0.0.7"),
        ("MANDATE_LISTEN", "127.0.0.1:4"),
    ];
    let printed = finish(command(&["config"]).envs(made)).succeeded();
    assert!(printed.contains("listen = \"127.0.0.1:4\""), "{printed}");
}

#[tokio::test]
async fn a_subscriber_of_an_organization_that_there_is_not_is_refused_while_nothing_runs() {
    let servers = Servers::migrated("").await;
    let file = servers.file();
    let organization = "0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e11";
    let mut add = vec!["subscribers", "add", "billing", "--config", &file];
    add.extend(["--organization", organization, "--events", "consent.granted"]);
    let refused = run(&add).failed();
    assert!(refused.contains(&format!("there is no organization {organization}")), "{refused}");
}

#[test]
fn the_configuration_is_printed_as_it_holds_with_its_secrets_masked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mandate.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:1\"\n[database]\nmax_connections = 3\n[nats]\nurl = \"nats://u:hunter2@h\"\n").unwrap();
    let arguments = [
        "config",
        "--config",
        file.to_str().unwrap(),
        "--listen",
        "127.0.0.1:3",
        "--database-url",
        "postgres://u:hunter2@h/d",
    ];
    let printed =
        finish(command(&arguments).envs([
            ("MANDATE_LISTEN", "127.0.0.1:2"),
            ("MANDATE_KEY_ISSUER__MASTER_KEY", "hunter2"),
        ]))
        .succeeded();
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(
        printed.contains("listen = \"127.0.0.1:3\"") && printed.contains("max_connections = 3"),
        "{printed}"
    );
    // What is printed can be read again.
    std::fs::write(&file, printed).unwrap();
    run(&["config", "--config", file.to_str().unwrap()]).succeeded();
}

#[test]
fn the_exit_code_of_verify_says_what_is_wrong_and_needs_no_configuration() {
    let help = run(&["verify", "--help"]).succeeded();
    assert!(help.contains("Exit codes") && help.contains("  5  a stream has a hole"), "{help}");
    for wrong in [&["verify"][..], &["verify", "--folder", ".", "--key", "none"]] {
        assert_eq!(run(wrong).code, Some(1), "{wrong:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let signer = Signer::generate("log.example.com/audit/log".parse().unwrap());
    let key = signer.verifier_key().to_string();
    let verify = || {
        let mut command = command(&["verify", "--folder", place, "--key", &key]);
        finish(command.env("MANDATE_LISTNE", "read by other commands only"))
    };
    let output = verify();
    assert_eq!(output.code, Some(1), "{}", output.stdout);
    std::fs::write(folder.path().join("checkpoint"), "unsigned\n").unwrap();
    let output = verify();
    assert_eq!(output.code, Some(2), "{}", output.stdout);
    let origin = signer.verifier_key().name().clone();
    let empty = Checkpoint { origin, size: 0, root: Hash::of_empty_tree() };
    let note = empty.sign(&signer).unwrap().to_string();
    std::fs::write(folder.path().join("checkpoint"), note).unwrap();
    let said = verify().succeeded();
    assert!(said.starts_with("Key, as given: ") && said.ends_with("All is well.\n"), "{said}");
}

#[test]
fn what_is_missing_is_named_with_its_remedy() {
    for arguments in [
        &["serve", "audit"][..],
        &["migrate"],
        &["operators", "add", "--email", "a@example.com", "--name", "A"],
    ] {
        let refused = run(arguments).failed();
        assert!(
            refused.contains("database.url") && refused.contains("MANDATE_DATABASE__URL"),
            "{refused}"
        );
    }
    let refused = run(&[
        "serve",
        "audit",
        "--database-url",
        "postgres://u:hunter2@127.0.0.1/d",
        "--listen",
        "127.0.0.1:0",
    ])
    .failed();
    assert!(refused.contains("nats.url") && !refused.contains("hunter2"), "{refused}");
    let unknown = run(&["serve", "laundry"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("consent-broker"), "{}", unknown.stderr);
}

#[tokio::test]
async fn the_owners_password_need_not_stand_on_a_command_line() {
    let servers = Servers::empty("").await;
    let (login, place) = servers.database.url.rsplit_once('@').unwrap();
    let (login, password) = login.rsplit_once(':').unwrap();
    let user = login.strip_prefix("postgres://").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("*:*:*:{user}:{password}\n")).unwrap();
    let without = format!("postgres://{user}@{place}");
    let arguments = ["migrate", "--database-url", &without];
    run(&arguments).failed();
    finish(command(&arguments).env("PGPASSFILE", file.path())).succeeded();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let servers = Servers::migrated("").await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused =
        run(&["serve", "directory", "--config", &servers.file(), "--listen", &address]).failed();
    assert!(refused.contains(&address) && refused.contains("in use"), "{refused}");
}

#[tokio::test]
async fn the_master_key_is_needed_and_has_to_be_one() {
    let servers = Servers::migrated("").await;
    let file = servers.file();
    let arguments = ["serve", "key-issuer", "--config", &file, "--listen", "127.0.0.1:0"];
    for wrong in ["", "hunter2", "c2hvcnQ="] {
        let refused =
            finish(command(&arguments).env("MANDATE_KEY_ISSUER__MASTER_KEY", wrong)).failed();
        assert!(refused.contains("master_key") && !refused.contains("hunter2"), "{refused}");
    }
}

#[tokio::test]
async fn the_first_operator_is_added_once_and_others_by_operators_or_by_force() {
    let servers = Servers::migrated("").await;
    let file = servers.file();
    let add = |email: &str, more: &[&str]| {
        let mut arguments =
            vec!["operators", "add", "--config", &file, "--email", email, "--name", "Operator"];
        arguments.extend(more);
        run(&arguments)
    };
    assert!(add("nobody", &[]).failed().contains("email"));
    let token = add("operator@example.com", &[]).succeeded();
    assert!(token.trim().starts_with("mandate_pat_") && token.lines().count() == 1, "{token}");
    let refused = add("second@example.com", &[]).failed();
    assert!(refused.contains("there is an operator already"), "{refused}");
    assert!(
        add("operator@example.com", &["--force"]).failed().contains("registered with this email")
    );
    assert_ne!(add("second@example.com", &["--force"]).succeeded(), token);
}

#[tokio::test]
async fn migrating_twice_and_by_several_at_once_is_harmless() {
    let servers = Servers::empty("").await;
    let file = servers.file();
    let racing: Vec<_> = (0..3)
        .map(|_| {
            let file = file.clone();
            tokio::task::spawn_blocking(move || run(&["migrate", "--config", &file]))
        })
        .collect();
    for one in racing {
        one.await.unwrap().succeeded();
    }
    run(&["migrate", "--config", &file]).succeeded();
    servers.add_operator();
}

#[tokio::test]
async fn a_database_that_is_not_utf8_is_refused_with_the_command_that_makes_one() {
    let servers = Servers::empty("").await;
    let (server, name) = servers.database.url.rsplit_once('/').unwrap();
    let mut admin = PgConnection::connect(&servers.database.url).await.unwrap();
    let mut run_sql = async |statement: String| {
        admin.execute(AssertSqlSafe(statement)).await.unwrap();
    };
    let latin = format!("{name}_latin");
    run_sql(format!(
        "CREATE DATABASE \"{latin}\" TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc"
    ))
    .await;
    let url = format!("{server}/{latin}");
    let refused = run(&["migrate", "--database-url", &url]).failed();
    assert!(refused.contains("LATIN1"), "{refused}");
    let command = refused.split('`').find(|part| part.starts_with("CREATE DATABASE")).unwrap();
    run_sql(command.to_owned()).await;
    run(&["migrate", "--database-url", &format!("{url}_utf8")]).succeeded();
    for made in [format!("{latin}_utf8"), latin] {
        run_sql(format!("DROP DATABASE \"{made}\"")).await;
    }
    admin.close().await.unwrap();
}

#[tokio::test]
async fn migrating_names_two_people_who_have_one_address_in_two_forms() {
    let servers = Servers::migrated("").await;
    let file = servers.file();
    let mut database = PgConnection::connect(&servers.database.url).await.unwrap();
    let ids = ["018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"];
    for (id, email) in [(ids[0], "u\u{308}@example.com"), (ids[1], "\u{FC}@example.com")] {
        let insert = "INSERT INTO directory.people (id, email, name, operator, language, version, created_at)
                      VALUES ($1::text::uuid, $2, 'Somebody', false, 'en', 1, now())";
        sqlx::query(insert).bind(id).bind(email).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
    let told = run(&["migrate", "--config", &file]).succeeded();
    assert!(ids.iter().all(|id| told.contains(id)) && told.lines().count() == 2, "{told}");
    assert_eq!(run(&["migrate", "--config", &file]).succeeded(), told);
}

#[tokio::test]
async fn a_process_is_not_ready_before_its_database_is_migrated_and_says_so() {
    let servers = Servers::empty("").await;
    let (_process, address, admin) =
        servers.serve_with_admin(&[Service::Directory, Service::Audit]).await;
    let client = Client::anonymous(Addresses::One(address));
    let admin = Client::anonymous(Addresses::One(admin));
    client.get("/healthz").await.expect(200);
    eventually("it says why it is not ready", async || {
        let answer = admin.get("/readyz").await.expect(503);
        let checks = &answer.json["checks"];
        let named = |service| {
            let reason = checks[format!("{service}/migrated")]["reason"].as_str();
            reason.is_some_and(|reason| reason.contains("mandate migrate"))
        };
        // A probe may take too long on a busy machine, and says so then.
        if named("directory") && named("audit") {
            assert_eq!(answer.json["ready"], false);
            Ok(())
        } else {
            Err(answer.text())
        }
    })
    .await;
    // It recovers by itself.
    run(&["migrate", "--config", &servers.file()]).succeeded();
    eventually("it is ready after the migration", async || {
        let answer = client.get("/readyz").await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text()) }
    })
    .await;
}

/// Where nobody reads any more, as after `| head`.
fn unread() -> std::io::PipeWriter {
    let (_, writer) = std::io::pipe().unwrap();
    writer
}

#[test]
fn a_command_whose_reader_has_read_enough_ends_quietly() {
    for arguments in [
        &["openapi"][..],
        &["config"],
        &["version"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ] {
        let ended = finish(command(arguments).stdout(unread()));
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{arguments:?}");
    }
    // A command that fails does so, even if nobody reads why.
    let failed = finish(command(&["migrate"]).stderr(unread()));
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    // A file that ends in the middle is a failure.
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let failed = finish(command(&["openapi"]).stdout(full()));
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(failed.stderr.contains("No space left"), "{}", failed.stderr);
}

#[tokio::test]
async fn nobody_is_added_whose_secret_nobody_saw() {
    let servers = Servers::migrated("").await;
    let file = servers.file();
    let operator = [
        "operators",
        "add",
        "--config",
        &file,
        "--email",
        "operator@example.com",
        "--name",
        "Operator",
    ];
    let unseen = finish(command(&operator).stdout(unread()));
    assert_eq!(unseen.code, Some(1), "{}", unseen.stderr);
    assert!(unseen.stderr.contains("nothing was added"), "{}", unseen.stderr);
    // So there is none yet, and the first can be added.
    let operator = run(&operator).succeeded();

    let (_process, address) = servers.serve(&[Service::Directory]).await;
    let client = Client::anonymous(Addresses::One(address)).with_token(operator.trim());
    let new = serde_json::json!({
        "name": "Example Apps", "kind": "technology_company", "country": "DE",
        "contact_email": "contact@example.com", "website": "https://apps.example.com/",
    });
    let organization = client.post("/v1/organizations", new).await.expect(201).field("id");
    let mut add = vec!["subscribers", "add", "billing", "--config", &file];
    add.extend(["--organization", &organization, "--events", "consent.granted"]);
    let unseen = finish(command(&add).stdout(unread()));
    assert_eq!(unseen.code, Some(1), "{}", unseen.stderr);
    assert!(unseen.stderr.contains("nothing was added"), "{}", unseen.stderr);
    assert_eq!(run(&["subscribers", "list", "--config", &file]).succeeded(), "");
    assert!(run(&add).succeeded().contains("NATS_PASSWORD="));
    let remove = ["subscribers", "remove", "billing", "--config", &file];
    let removed = finish(command(&remove).stdout(unread()).stderr(unread()));
    assert_eq!(removed.code, Some(0));
}

#[tokio::test]
async fn what_serves_goes_on_when_nobody_reads_its_log_any_more() {
    let servers = Servers::migrated("").await;
    let file = servers.file();
    let arguments = ["serve", "directory", "audit", "--config", &file, "--listen", "127.0.0.1:0"];
    let mut process = Process::start_by(
        // What it says first is read, what it logs never is.
        &["sh", "-c", "exec \"$@\" 2>/dev/full", "sh"],
        &arguments,
        &[("MANDATE_LOG__FILTER", "trace")],
    );
    let address = process.line("directory, audit at ").await;
    ready(&address).await;
    process.signal(Signal::SIGTERM).await;
    assert_eq!(process.ended().await.code(), Some(0));
}
