//! Evidence of real messages: it holds, and whatever is altered, removed or moved in it is named.

mod forged;
mod named;
mod support;
