//! A Terraform whose apply of one stack fails before it does anything, as long as a test wants that.

use std::path::PathBuf;

use crate::gates::{on, put};
use crate::world::World;

pub struct Broken {
    order: PathBuf,
}

const TOOL: &str = r#"#!/bin/sh
if [ "$1" = apply ] && [ -e 'ORDER' ] && [ "${PWD##*/}" = "$(cat 'ORDER')" ]; then
  echo "no more machines today" >&2
  exit 1
fi
exec REAL "$@"
"#;

impl Broken {
    /// Nothing is broken yet. From now on the world's program has this tool.
    pub fn before(world: &mut World) -> Broken {
        let (order, bin) = (world.folder().join("broken-stack"), world.folder().join("broken-bin"));
        std::fs::create_dir(&bin).expect("a folder");
        let path = world.program.environment["PATH"].clone();
        let found = ["terraform", "tofu"].into_iter().find_map(|name| Some((name, on(&path, name)?)));
        let (name, real) = found.expect("Terraform or OpenTofu");
        let order_text = order.display().to_string();
        put(&bin.join(name), &TOOL.replace("ORDER", &order_text).replace("REAL", &real.display().to_string()));
        world.program.environment.insert("PATH".to_owned(), format!("{}:{path}", bin.display()));
        Broken { order }
    }

    pub fn fail(&self, stack: &str) {
        std::fs::write(&self.order, stack).expect("an order");
    }

    pub fn mend(&self) {
        std::fs::remove_file(&self.order).expect("the order");
    }
}
