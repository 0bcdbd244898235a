//! A connection: plain or TLS, with the bytes that were read ahead of their use.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf};
use tokio::net::TcpStream;

use super::wire;

/// What one read asks for at first, and what it grows to while a body streams.
const READ: usize = 16 << 10;
const READ_MORE: usize = 256 << 10;

/// One side's connection, to be read and written at the same time.
pub(crate) struct Conn {
    pub(crate) reader: Reader,
    pub(crate) writer: WriteHalf<Stream>,
}

/// The reading half with its buffer.
pub(crate) struct Reader {
    half: ReadHalf<Stream>,
    /// Bytes that were read and not used.
    pub(crate) buffer: BytesMut,
    next: usize,
}

impl Conn {
    pub(crate) fn new(stream: Stream) -> Conn {
        let (half, writer) = tokio::io::split(stream);
        Conn { reader: Reader { half, buffer: BytesMut::new(), next: READ }, writer }
    }

    /// The stream with the bytes that were read ahead put back.
    pub(crate) fn into_stream(self) -> Prefixed<Stream> {
        Prefixed { prefix: self.reader.buffer.freeze(), inner: self.reader.half.unsplit(self.writer) }
    }

    /// Sends all of `bytes`.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await?;
        self.writer.flush().await
    }

    /// Cuts the connection, so that the other side sees no end but a reset.
    pub(crate) fn reset(self) {
        let stream = self.into_stream();
        // Where it cannot be cut it ends, which is what happens to what is dropped.
        let _ = stream.inner.tcp().set_zero_linger();
    }

    /// Gives up the connection; says whether what was sent last was refused.
    pub(crate) fn ends_broken(self) -> bool {
        self.into_stream().inner.tcp().take_error().is_ok_and(|error| error.is_some())
    }

    /// Whether an idle connection is still good: nothing came, not even its end.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        tokio::select! {
            biased;
            _ = self.reader.fill() => false,
            () = std::future::ready(()) => true,
        }
    }
}

impl Reader {
    /// Reads some more into the buffer; 0 at the end of the stream. Can be cancelled without loss.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(self.next);
        let read = match self.half.read_buf(&mut self.buffer).await {
            // Many end a TLS connection without saying so; lengths tell whether something is missing.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            other => other?,
        };
        if read >= self.next {
            self.next = READ_MORE;
        }
        Ok(read)
    }

    /// Reads until the buffer begins with a whole head, and gives its length; 0 at the end of the
    /// stream, where the buffer holds what came.
    ///
    /// # Errors
    /// When reading fails, or the head is too long to be one.
    pub(crate) async fn head(&mut self) -> io::Result<usize> {
        let mut seen = 0;
        loop {
            if let Some(end) = wire::head_end(&self.buffer, seen) {
                return Ok(end);
            }
            seen = self.buffer.len();
            if seen > wire::HEAD_LIMIT {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the head is longer than 1 MiB"));
            }
            if self.fill().await? == 0 {
                return Ok(0);
            }
        }
    }
}

/// What a connection is made of.
pub(crate) enum Stream {
    Plain(Prefixed<TcpStream>),
    /// A client whose TLS ends here.
    Accepted(Box<tokio_rustls::server::TlsStream<Prefixed<Stream>>>),
    /// A server that is spoken to in TLS.
    Connected(Box<tokio_rustls::client::TlsStream<Prefixed<TcpStream>>>),
}

impl Stream {
    pub(crate) fn plain(tcp: TcpStream) -> Stream {
        Stream::Plain(Prefixed { prefix: Bytes::new(), inner: tcp })
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(stream) => &stream.inner,
            Stream::Accepted(stream) => stream.get_ref().0.inner.tcp(),
            Stream::Connected(stream) => &stream.get_ref().0.inner,
        }
    }
}

/// A stream that begins with bytes that were read from it before.
pub(crate) struct Prefixed<S> {
    pub(crate) prefix: Bytes,
    pub(crate) inner: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let some = self.prefix.len().min(buf.remaining());
        buf.put_slice(&self.prefix[..some]);
        self.prefix.advance(some);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Accepted(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Connected(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Accepted(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Connected(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Accepted(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Connected(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Accepted(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Connected(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
