//! Draining, against a real API server through a real kubectl.

mod answers;
mod emptying;
mod obstacles;
mod scene;
