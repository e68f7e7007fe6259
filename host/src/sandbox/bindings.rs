//! The host's side of `schema/program.wit`, generated: what goes in borrows the
//! batch, what comes out is owned. Nothing is written by hand here.

wasmtime::component::bindgen!({
    path: "../schema/program.wit",
    world: "program",
    ownership: Borrowing { duplicate_if_necessary: true },
});
