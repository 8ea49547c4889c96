//! Workflows that run once with Terraform and once with OpenTofu.

/// Makes two tests of each function `fn(World)`.
macro_rules! with_each_tool {
    ($($test:ident)*) => {
        mod of_terraform {
            $(#[test]
            fn $test() {
                scaler_lab::needs!(Terraform);
                super::$test($crate::world::World::of_tool("terraform"));
            })*
        }
        mod of_opentofu {
            $(#[test]
            fn $test() {
                scaler_lab::needs!(Opentofu);
                super::$test($crate::world::World::of_tool("tofu"));
            })*
        }
    };
}
