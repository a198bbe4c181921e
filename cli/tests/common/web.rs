//! A server that answers as a test says, byte for byte.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request's path and headers, with names in lower case.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: HashMap<String, String>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Where a range begins.
    pub fn range(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// A server on this machine, for as long as the process lives.
pub struct Web {
    pub url: String,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Web {
    /// Serves one request a connection; `answer` writes what it likes, then the connection is closed.
    pub fn start(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&log));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    if let Some(request) = read(&stream) {
                        seen.lock().unwrap().push(request.clone());
                        answer(&request, &mut stream);
                    }
                });
            }
        });
        Self { url, log }
    }

    /// The requests since the last look.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.take_while(|line| !line.is_empty());
    let headers = headers.filter_map(|line| line.split_once(": ").map(|(a, b)| (a.to_lowercase(), b.to_owned())));
    Some(Request { path, headers: headers.collect() })
}

/// An answer with these headers and body.
pub fn answer(stream: &mut TcpStream, status: &str, headers: &[(&str, &str)], body: &[u8]) {
    let length = body.len();
    head(stream, status, &[headers, &[("content-length", &length.to_string())]].concat());
    // The other side may have hung up.
    _ = stream.write_all(body);
}

/// The head of an answer.
pub fn head(stream: &mut TcpStream, status: &str, headers: &[(&str, &str)]) {
    let mut text = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    _ = stream.write_all(text.as_bytes());
}

/// A good server of one content: tags, conditions and ranges.
pub fn serve(request: &Request, stream: &mut TcpStream, tag: &str, body: &[u8]) {
    if request.header("if-none-match") == Some(tag) {
        return head(stream, "304 Not Modified", &[("etag", tag)]);
    }
    match request.range() {
        Some(start) if request.header("if-range") == Some(tag) && start < body.len() => {
            let range = format!("bytes {start}-{}/{}", body.len() - 1, body.len());
            answer(stream, "206 Partial Content", &[("etag", tag), ("content-range", &range)], &body[start..]);
        }
        Some(start) if start >= body.len() && request.header("if-range") == Some(tag) => {
            answer(stream, "416 Range Not Satisfiable", &[], b"");
        }
        _ => answer(stream, "200 OK", &[("etag", tag)], body),
    }
}
