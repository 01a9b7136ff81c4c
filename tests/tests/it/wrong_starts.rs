//! Starts that cannot go well: each says the one thing that is wrong, with the name of its setting.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use journeys::program::{Process, command, finish, run};
use journeys::system::Servers;
use local_servers::{Nats, NatsAccount, NatsOptions, NatsUser};
use nix::sys::signal::Signal;
use stage::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// What a pooler does with the settings that a connection begins with.
#[derive(Clone, Copy)]
enum Pooler {
    /// As PgBouncer does unless it is told otherwise.
    Refuses,
    /// As PgBouncer does with `ignore_startup_parameters = extra_float_digits,options`.
    LeavesOut,
    /// As PgBouncer does from 1.20 on, in front of PostgreSQL 18, with `track_extra_parameters = search_path` as well.
    PassesOnPath,
}

/// `SSLRequest`, and version 3.0 of the protocol.
const SSL_REQUEST: u32 = 80_877_103;
const PROTOCOL: u32 = 196_608;

impl Pooler {
    /// Stands before this server, until it is aborted: the address of the database by way of it.
    async fn before(self, url: &str) -> (String, AbortHandle) {
        let (login, place) = url.rsplit_once('@').unwrap();
        let (server, database) = place.split_once('/').unwrap();
        let server: SocketAddr = server.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let standing = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A client may go in the middle.
                tokio::spawn(async move { self.serve(client, server).await.ok() });
            }
        });
        (format!("{login}@{address}/{database}"), standing.abort_handle())
    }

    async fn serve(self, mut client: TcpStream, server: SocketAddr) -> std::io::Result<()> {
        let startup = loop {
            let length = client.read_u32().await? as usize;
            let mut message = vec![0; length - 4];
            client.read_exact(&mut message).await?;
            if message[..4] == SSL_REQUEST.to_be_bytes() {
                client.write_all(b"N").await?;
            } else {
                break message;
            }
        };
        let parts: Vec<&[u8]> = startup[4..].split(|byte| *byte == 0).collect();
        let pairs = parts.chunks_exact(2).filter(|pair| !pair[0].is_empty());
        let (options, pairs): (Vec<&[&[u8]]>, Vec<_>) =
            pairs.partition(|pair| matches!(pair[0], b"options" | b"extra_float_digits"));
        let mut taken: Vec<u8> =
            pairs.iter().flat_map(|pair| [pair[0], b"\0", pair[1], b"\0"].concat()).collect();
        if let Self::PassesOnPath = self {
            let all = options.iter().map(|pair| String::from_utf8_lossy(pair[1]).into_owned());
            let all: String = all.collect();
            let path = all.split(['=', ' ']).skip_while(|word| *word != "search_path").nth(1);
            taken.extend(format!("search_path\0{}\0", path.unwrap_or("public")).into_bytes());
        }
        if let Self::Refuses = self {
            let said = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
            let mut answer = vec![b'E'];
            answer.extend((u32::try_from(said.len()).unwrap() + 4).to_be_bytes());
            answer.extend(said);
            return client.write_all(&answer).await;
        }
        let mut server = TcpStream::connect(server).await?;
        server.write_u32(u32::try_from(taken.len()).unwrap() + 9).await?;
        server.write_u32(PROTOCOL).await?;
        server.write_all(&taken).await?;
        server.write_u8(0).await?;
        copy_bidirectional(&mut client, &mut server).await.map(drop)
    }
}

#[tokio::test]
async fn a_pooler_that_keeps_settings_to_itself_is_refused_at_the_start() {
    let servers = Servers::migrated("").await;
    let file = servers.file();
    for pooler in [Pooler::Refuses, Pooler::LeavesOut, Pooler::PassesOnPath] {
        let (url, standing) = pooler.before(&servers.database.url).await;
        for mut arguments in [vec!["serve", "audit", "--listen", "127.0.0.1:0"], vec!["migrate"]] {
            arguments.extend(["--config", &file, "--database-url", &url]);
            let mut process = Process::start(&arguments, &[]);
            assert_eq!(process.ended().await.code(), Some(1), "{}", process.stdout());
            let said = process.stderr();
            assert!(said.contains("`database.url`") && said.contains("pooler"), "{said}");
            assert_eq!(said.matches("pooler").count(), 1, "{said}");
        }
        standing.abort();
    }
}

/// A folder that the servers' account can enter, and one in it for `mandate up`.
fn data_dir() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = root.path().join("data");
    (root, folder)
}

#[tokio::test]
async fn a_nats_that_will_not_do_is_told_before_anything_is_made() {
    let plain = NatsAccount {
        name: "PLAIN".to_owned(),
        users: vec![NatsUser::unlimited("plain")],
        exports: Vec::new(),
        imports: Vec::new(),
    };
    let options = NatsOptions::throwaway(Vec::new()).unwrap();
    let mut nats = Nats::start(NatsOptions { accounts: vec![plain], ..options }).await.unwrap();
    let without_jetstream = nats.url_for("plain").unwrap();
    let password = nats.password_of("plain").unwrap();
    let wrong_password = without_jetstream.replace(password, "hunter2");
    let (_root, folder) = data_dir();
    for (url, reason) in
        [(&wrong_password, "refuses its user or password"), (&without_jetstream, "no JetStream")]
    {
        let name = folder.to_str().unwrap();
        let arguments = ["up", "--data-dir", name, "--listen", "127.0.0.1:0", "--nats-url", url];
        let mut process = Process::start(&arguments, &[]);
        assert_eq!(process.ended().await.code(), Some(1), "{}", process.stdout());
        let said = process.stderr();
        assert!(said.contains("`nats.url`") && said.contains(reason), "{said}");
        assert!(said.lines().count() == 1 && !said.contains("hunter2"), "{said}");
        assert!(!folder.exists());
    }
    // What serves goes on, because it may be mended there, and says it as well.
    let servers = Servers::migrated("").await;
    let file = servers.file();
    let arguments = ["serve", "audit", "--config", &file, "--listen", "127.0.0.1:0"];
    let variables = [("MANDATE_LOGINS__AUDIT__NATS_URL", &*wrong_password)];
    let mut process = Process::start(&arguments, &variables);
    process.line("audit at ").await;
    eventually("it says what is wrong", async || {
        let said = process.stderr();
        if said.contains("`logins.audit.nats_url` is wrong") { Ok(()) } else { Err(said) }
    })
    .await;
    process.signal(Signal::SIGTERM).await;
    assert_eq!(process.ended().await.code(), Some(0), "{}", process.stderr());
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_named_once_with_how_to_write_it() {
    let wrong = "postgres://mandate:hunter/2@127.0.0.1/mandate";
    for arguments in [&["migrate"][..], &["serve", "audit", "--nats-url", "nats://127.0.0.1:1"]] {
        let refused = finish(command(arguments).env("MANDATE_DATABASE__URL", wrong)).failed();
        assert!(refused.contains("`database.url`") && refused.contains("%2F"), "{refused}");
        assert!(refused.lines().count() == 1 && !refused.contains("hunter"), "{refused}");
    }
    // One service's own.
    for arguments in [&["migrate"][..], &["serve", "audit", "--nats-url", "nats://127.0.0.1:1"]] {
        let mut command = command(arguments);
        command.env("MANDATE_DATABASE__URL", "postgres://mandate@127.0.0.1:1/mandate");
        command.env("MANDATE_LOGINS__AUDIT__DATABASE_URL", wrong);
        let refused = finish(&mut command).failed();
        assert!(refused.contains("`logins.audit.database_url`"), "{refused}");
        assert!(!refused.contains("hunter"), "{refused}");
    }
    // What an error ends with is not said again below it.
    let refused = run(&["migrate", "--database-url", "postgres://mandate@127.0.0.1:1/mandate"]);
    let refused = refused.failed();
    assert!(refused.contains("`database.url`"), "{refused}");
    assert_eq!(refused.matches("Connection refused").count(), 1, "{refused}");
}

#[test]
fn a_data_folder_that_cannot_be_written_down_is_refused() {
    let (_root, folder) = data_dir();
    let folder = folder.join(OsStr::from_bytes(b"caf\xe9"));
    let refused = finish(command(&["up", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&folder));
    let refused = refused.failed();
    assert!(refused.contains("not UTF-8") && refused.contains("--data-dir"), "{refused}");
    assert!(!folder.exists());
}
