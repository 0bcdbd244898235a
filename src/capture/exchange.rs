//! One request and its response, from one connection to another, byte for byte.
//!
//! Both directions run at the same time, because a server may answer before the
//! body is there (an error, `100 Continue`) and a client may go away while the
//! server thinks. Nothing is changed on the way and nothing is held: a piece is
//! shown to the pending exchange and sent on before the next is read.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Buf;
use tokio::io::{AsyncWriteExt, WriteHalf};

use super::recorder::{PendingExchange, Tap};
use super::stream::{Conn, Reader, Stream};
use super::wire::{self, BodyEnd, Framing, RequestHead};

/// How an exchange ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Both messages went through whole.
    Complete {
        /// Both connections take another one.
        goes_on: bool,
    },
    /// The server switched to another protocol; what follows is not HTTP.
    Upgraded,
    /// The server ended the connection, or it broke, before a byte of a response.
    Silent(Option<io::Error>),
    /// The client went away.
    ClientGone {
        /// It reset its connection rather than ended it.
        is_reset: bool,
    },
    /// The server's message broke off, or was malformed; `why` says it in words. All that came
    /// was passed on.
    ServerBroke {
        /// What was wrong, to stand after the server's name.
        why: String,
        /// It was a reset of the connection, and no end.
        is_reset: bool,
    },
    /// The client's message was malformed.
    ClientBroke,
}

/// Why a direction stopped.
enum Stopped {
    /// Its source ended or broke before the message was whole.
    Source(Option<io::Error>),
    /// Its destination takes no more.
    Destination,
    /// Nobody can tell where the message ends; what came was passed on to its end.
    Malformed(String),
}

/// Passes one exchange. `head` is the client's, `forward` its bytes as they go to the server.
pub(crate) async fn pass(
    client: &mut Conn,
    server: &mut Conn,
    head: &RequestHead,
    forward: Vec<u8>,
    exchange: &mut PendingExchange<'_>,
) -> Outcome {
    let (answer, sent) = match both(client, server, head, forward, exchange).await {
        Ok(ended) => ended,
        Err(outcome) => return outcome,
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(Stopped::Destination) => return Outcome::ClientGone { is_reset: false },
        Err(Stopped::Malformed(why)) => return Outcome::ServerBroke { why, is_reset: false },
        Err(Stopped::Source(error)) if exchange.response_head.is_empty() => return Outcome::Silent(error),
        Err(Stopped::Source(error)) => {
            exchange.end();
            let is_reset = error.as_ref().is_some_and(is_reset);
            let received = exchange.received();
            let why = match error {
                Some(error) => format!("broke off its response after {received}: {error}"),
                None => format!("ended its response before it was whole, after {received}"),
            };
            return Outcome::ServerBroke { why, is_reset };
        }
    };
    exchange.end();
    if answer.status == 101 {
        return Outcome::Upgraded;
    }
    let goes_on = sent && head.keep_alive && answer.keep_alive;
    Outcome::Complete { goes_on }
}

/// Whether the other side cut the connection rather than ended it.
pub(crate) fn is_reset(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionReset
}

/// Runs both directions until the response is over; says whether the request went out whole.
async fn both(
    client: &mut Conn,
    server: &mut Conn,
    head: &RequestHead,
    forward: Vec<u8>,
    exchange: &mut PendingExchange<'_>,
) -> Result<(Result<wire::ResponseHead, Stopped>, bool), Outcome> {
    let recorder = exchange.recorder();
    let PendingExchange {
        request_body,
        early_heads,
        response_head,
        response_body,
        sent: sent_at,
        answered,
        client_ended,
        ..
    } = exchange;
    let client_ended = &*client_ended;
    let continued = AtomicBool::new(false);
    let upload = upload(&mut client.reader, &mut server.writer, forward, head.framing, request_body);
    let response = Received { early_heads, head: response_head, body: response_body };
    let download = download(
        &mut server.reader,
        &mut client.writer,
        &head.method,
        response,
        || *answered = Some(recorder.now()),
        &continued,
        client_ended,
    );
    tokio::pin!(upload, download);

    let mut sent = false;
    let answer = tokio::select! {
        biased;
        stopped = &mut upload => match stopped {
            Ok((from, to)) => {
                sent = true;
                *sent_at = Some(recorder.now());
                tokio::select! {
                    biased;
                    answer = &mut download => answer,
                    is_reset = client_gone(from, to, client_ended) => return Err(Outcome::ClientGone { is_reset }),
                }
            }
            // The server may have answered before it stopped listening.
            Err(Stopped::Destination) => download.await,
            Err(Stopped::Source(error)) => {
                return Err(Outcome::ClientGone { is_reset: error.as_ref().is_some_and(is_reset) });
            }
            Err(Stopped::Malformed(_)) => return Err(Outcome::ClientBroke),
        },
        answer = &mut download => {
            // A client that waits to be asked for its body, and was answered instead, may never
            // send it. Any other goes on sending, as long as the server listens.
            let asked = !head.expects_continue || continued.load(Ordering::Relaxed);
            if asked && answer.as_ref().is_ok_and(|answer| answer.keep_alive) {
                sent = upload.await.is_ok();
                if sent {
                    *sent_at = Some(recorder.now());
                }
            }
            answer
        }
    };
    Ok((answer, sent))
}

async fn upload<'a>(
    from: &'a mut Reader,
    to: &'a mut WriteHalf<Stream>,
    head: Vec<u8>,
    framing: Framing,
    tap: &mut Tap,
) -> Result<(&'a mut Reader, &'a mut WriteHalf<Stream>), Stopped> {
    body(from, to, head, framing, tap, None).await?;
    Ok((from, to))
}

/// Comes back when the client's connection breaks, with whether it was reset. Its mere end is passed on to the server, as it
/// would be without a proxy: the client may have said all that it wants to say.
async fn client_gone(from: &mut Reader, to: &mut WriteHalf<Stream>, ended: &AtomicBool) -> bool {
    if !from.buffer.is_empty() {
        return pending().await;
    }
    match from.fill().await {
        Err(error) => is_reset(&error),
        Ok(0) => {
            ended.store(true, Ordering::Relaxed);
            let _ = to.shutdown().await;
            pending().await
        }
        Ok(_) => pending().await,
    }
}

/// Where a response is kept.
struct Received<'d> {
    early_heads: &'d mut Vec<u8>,
    head: &'d mut Vec<u8>,
    body: &'d mut Tap,
}

async fn download(
    from: &mut Reader,
    to: &mut WriteHalf<Stream>,
    method: &str,
    response: Received<'_>,
    mut begins: impl FnMut(),
    continued: &AtomicBool,
    client_ended: &AtomicBool,
) -> Result<wire::ResponseHead, Stopped> {
    loop {
        let end = match from.head().await {
            Ok(end) => end,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(garbage(from, to, error.to_string()).await);
            }
            Err(error) => return Err(Stopped::Source(Some(error))),
        };
        if end == 0 {
            if from.buffer.is_empty() {
                return Err(Stopped::Source(None));
            }
            return Err(garbage(from, to, "it ends before its empty line".to_owned()).await);
        }
        let head = match wire::response(&from.buffer[..end], method) {
            Ok(head) => head,
            Err(why) => return Err(garbage(from, to, why.to_owned()).await),
        };
        let bytes = from.buffer[..end].to_vec();
        from.buffer.advance(end);
        if (100..200).contains(&head.status) && head.status != 101 {
            continued.store(true, Ordering::Relaxed);
            if response.early_heads.len() < wire::HEAD_LIMIT {
                response.early_heads.extend_from_slice(&bytes);
            }
            write(to, &bytes).await?;
            continue;
        }
        begins();
        response.head.extend_from_slice(&bytes);
        body(from, to, bytes, head.framing, response.body, Some(client_ended)).await?;
        return Ok(head);
    }
}

/// Passes on all that comes, which is no response.
async fn garbage(from: &mut Reader, to: &mut WriteHalf<Stream>, why: String) -> Stopped {
    let why = format!("sent what is no HTTP response: {why}");
    match copy_all(from, to).await {
        Ok(()) => Stopped::Malformed(why),
        Err(stopped) => stopped,
    }
}

async fn copy_all(from: &mut Reader, to: &mut WriteHalf<Stream>) -> Result<(), Stopped> {
    loop {
        write(to, &from.buffer).await?;
        from.buffer.clear();
        if matches!(from.fill().await, Ok(0) | Err(_)) {
            return Ok(());
        }
    }
}

/// Sends `head`, then the body that `from` goes on with. `client_ended` tells
/// whether its receiver may be gone: what comes then is marked.
async fn body(
    from: &mut Reader,
    to: &mut WriteHalf<Stream>,
    head: Vec<u8>,
    framing: Framing,
    tap: &mut Tap,
    client_ended: Option<&AtomicBool>,
) -> Result<(), Stopped> {
    let mut end = BodyEnd::new(framing);
    let mut first = head;
    loop {
        if client_ended.is_some_and(|ended| ended.load(Ordering::Relaxed)) {
            tap.mark();
        }
        let Ok(taken) = end.take(&from.buffer, |content| tap.push(content)) else {
            first.extend_from_slice(&from.buffer);
            from.buffer.clear();
            write(to, &first).await?;
            copy_all(from, to).await?;
            return Err(Stopped::Malformed("sent chunks that are malformed".to_owned()));
        };
        if first.is_empty() {
            write(to, &from.buffer[..taken]).await?;
        } else {
            first.extend_from_slice(&from.buffer[..taken]);
            write(to, &first).await?;
            first = Vec::new();
        }
        from.buffer.advance(taken);
        if end.is_done() {
            tap.trailers = std::mem::take(&mut end.trailers);
            return Ok(());
        }
        match from.fill().await {
            Ok(0) if end.ends_with_connection() => return Ok(()),
            Ok(0) => return Err(Stopped::Source(None)),
            Ok(_) => {}
            Err(error) => return Err(Stopped::Source(Some(error))),
        }
    }
}

async fn write(to: &mut WriteHalf<Stream>, bytes: &[u8]) -> Result<(), Stopped> {
    to.write_all(bytes).await.map_err(|_| Stopped::Destination)?;
    to.flush().await.map_err(|_| Stopped::Destination)
}
