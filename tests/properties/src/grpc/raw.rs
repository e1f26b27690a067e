//! Calls whose messages are bytes, whatever is in them: what a caller sends that does not know the
//! contract, and what an answer is before anybody reads it.

use bytes::{Buf, BufMut, Bytes};
use edge_api::engine::EngineService;
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status, Streaming};

/// What takes and gives bytes as they are.
#[derive(Clone, Copy, Debug, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// A caller of a service.
#[derive(Clone)]
pub(super) struct Caller(Grpc<EngineService>);

impl Caller {
    pub(super) fn new(service: EngineService) -> Self {
        Self(Grpc::new(service))
    }

    /// One message there, one back.
    pub(super) async fn call(&mut self, path: &str, message: Bytes) -> Result<Bytes, Status> {
        self.ready().await;
        let answer = self.0.unary(Request::new(message), path_of(path), Raw).await;
        answer.map(tonic::Response::into_inner)
    }

    /// One message there, and what comes back as it comes.
    pub(super) async fn listen(
        &mut self,
        path: &str,
        message: Bytes,
    ) -> Result<Streaming<Bytes>, Status> {
        self.ready().await;
        let answers = self.0.server_streaming(Request::new(message), path_of(path), Raw).await;
        answers.map(tonic::Response::into_inner)
    }

    /// Messages there, and what comes back until the end: the messages, and the status if that
    /// is no success.
    pub(super) async fn talk(
        &mut self,
        path: &str,
        messages: Vec<Bytes>,
    ) -> (Vec<Bytes>, Option<Status>) {
        self.ready().await;
        let messages = Request::new(tokio_stream::iter(messages));
        let mut received = Vec::new();
        let mut answers = match self.0.streaming(messages, path_of(path), Raw).await {
            Ok(answers) => answers.into_inner(),
            Err(status) => return (received, Some(status)),
        };
        loop {
            match answers.message().await {
                Ok(Some(message)) => received.push(message),
                Ok(None) => return (received, None),
                Err(status) => return (received, Some(status)),
            }
        }
    }

    async fn ready(&mut self) {
        self.0.ready().await.expect("what is in this process is always ready");
    }
}

fn path_of(path: &str) -> PathAndQuery {
    path.parse().expect("paths of the contract are paths")
}
