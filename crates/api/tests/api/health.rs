//! What whoever runs a server asks it, and what it does with a request that never ends.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::common::World;
use tierline_api::Settings;

#[tokio::test]
async fn a_server_is_ready_while_its_database_answers() {
    let world = World::demo().await;
    for path in ["/healthz", "/readyz"] {
        let answer = world.http.get(format!("{}{path}", world.base)).send().await;
        assert_eq!(answer.unwrap().status(), 200, "{path}");
    }
    world.app.db().shutdown().await;
    // The process still runs, and says that it can do nothing.
    for (path, status) in [("/healthz", 200), ("/readyz", 503)] {
        let answer = world.http.get(format!("{}{path}", world.base)).send().await;
        assert_eq!(answer.unwrap().status(), status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_does_not_end_is_given_up() {
    let settings = Settings {
        sandbox: true,
        request_seconds_max: 3,
        ..Settings::default()
    };
    let world = World::with(settings, None).await;
    let address = world.base.strip_prefix("http://").unwrap().to_owned();
    let token = world.user("meridian");
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        // Ten bytes are announced, and none comes.
        write!(
            stream,
            "POST /program/v1/decisions HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 10\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    });
    assert_eq!(answer.await.unwrap(), "HTTP/1.1 503");
    // Others are answered as ever.
    let ready = world.http.get(format!("{}/readyz", world.base)).send();
    assert_eq!(ready.await.unwrap().status(), 200);
}
