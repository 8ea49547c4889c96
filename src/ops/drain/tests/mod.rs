mod emptying;
mod obstacles;
mod stage;
mod undoing;
