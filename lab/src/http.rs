//! HTTP/1.1 over plain or TLS connections: what the lab's own requests and its
//! proxy share.

mod client;
mod stream;
mod wire;

pub use client::Answer;
pub(crate) use client::{Endpoint, Lines, exchange, open};
pub(crate) use stream::{Stream, Trust, accept, connect};
pub(crate) use wire::{
    Framing, Headers, RequestHead, ResponseHead, each_body_piece, read_body, read_request, read_response,
};
