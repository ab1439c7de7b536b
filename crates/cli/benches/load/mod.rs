//! A client that costs as little as one can, on one thread: what it takes of the machine is taken from the server that is measured.

use std::future::Future;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Builder;

/// What is asked of a server, as often as somebody likes.
pub(crate) type Call = Request<Full<Bytes>>;

/// Work that is done on a thread of its own, where all calls of a measurement come from.
pub(crate) fn on_one_thread<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let thread = std::thread::spawn(move || runtime.block_on(work));
    thread.join().unwrap()
}

/// One connection, on which one call is under way at a time.
pub(crate) struct Connection {
    calls: SendRequest<Full<Bytes>>,
}

impl Connection {
    async fn open(base: &str) -> Self {
        let (_, host) = base.split_once("//").unwrap();
        let stream = TcpStream::connect(host).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (calls, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(async move { connection.await.unwrap() });
        Self { calls }
    }

    /// Makes a call and reads its answer, which must be one of success.
    async fn call(&mut self, call: Call) {
        self.calls.ready().await.unwrap();
        let answer = self.calls.send_request(call).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{}", String::from_utf8_lossy(&body));
    }
}

/// So many connections to a server.
pub(crate) async fn connections(base: &str, count: usize) -> Vec<Connection> {
    let mut opened = Vec::new();
    for _ in 0..count {
        opened.push(Connection::open(base).await);
    }
    opened
}

/// One turn: all connections make calls until there is none left.
pub(crate) async fn turn(
    connections: &mut Vec<Connection>,
    calls: impl Iterator<Item = Call> + Send + 'static,
) {
    let calls = Arc::new(Mutex::new(calls));
    let clients = connections.drain(..).map(|mut connection| {
        let calls = Arc::clone(&calls);
        tokio::spawn(async move {
            let next = || calls.lock().unwrap().next();
            while let Some(call) = next() {
                connection.call(call).await;
            }
            connection
        })
    });
    for client in clients.collect::<Vec<_>>() {
        connections.push(client.await.unwrap());
    }
}
