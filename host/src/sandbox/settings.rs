//! Every engine setting in one typed table, from which the engine is made and
//! with which a test compares what the engine says of itself.
//!
//! Takes the table and an allocator; gives a wasmtime `Config`. The compiling
//! child and the running host must agree on everything but the allocator: the
//! name of a cache entry is a hash over these settings.

use wasmtime::{
    Config, Enabled, Engine, OperatorCost, OptLevel, PoolingAllocationConfig, Strategy, VariableOperatorCost,
    WasmFeatures,
};

use super::limits;

/// Instructions and types that a module may use. Integers only: a float
/// instruction is refused, so that no CPU can disagree with another. Vectors of
/// integers are allowed. Everything absent here is off: floats, relaxed
/// vectors, threads, 64-bit and many memories, tail calls, exceptions, garbage
/// collection, stack switching, wide arithmetic, every async part of the
/// component model.
pub const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// The table. Units are bytes unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The code generator; never a baseline one.
    pub strategy: Option<Strategy>,
    /// Speed.
    pub opt_level: Option<OptLevel>,
    /// Allowed wasm features.
    pub features: WasmFeatures,
    /// Fuel decides.
    pub consume_fuel: bool,
    /// Epochs guard.
    pub epoch_interruption: bool,
    /// Wasm stack.
    pub max_wasm_stack: usize,
    /// One bit pattern for NaN, should a float ever get in.
    pub nan_canonicalization: Option<bool>,
    /// Same results on every CPU, should relaxed vectors ever get in.
    pub relaxed_simd_deterministic: bool,
    /// Tasks and streams: off, calls are four times cheaper.
    pub concurrency_support: bool,
    /// Memory shared between threads: off.
    pub shared_memory: bool,
    /// Linear memory stays where it is.
    pub memory_may_move: bool,
    /// Address space of one memory: all of 32 bits, so that no bounds check is needed.
    pub memory_reservation: u64,
    /// Unmapped space behind it.
    pub memory_guard: u64,
    /// And before it.
    pub guard_before: bool,
    /// Instances start from a copy-on-write image.
    pub memory_init_cow: bool,
    /// Traps by signal instead of checks.
    pub signals_based_traps: bool,
    /// Frames of a wasm backtrace: 0, texts of errors stay the same everywhere.
    pub backtrace_frames: usize,
    /// Native debug information.
    pub debug_info: bool,
    /// The compiler's self-checks.
    pub debug_verifier: Option<bool>,
    /// The allocator of the running host; `None` in the compiling child.
    pub pool: Option<Pool>,
}

/// Hard caps of the slots of one engine; an engine serves one plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// Component instances at a time.
    pub components: u32,
    /// Core instances, memories at a time.
    pub cores: u32,
    /// Tables at a time.
    pub tables: u32,
    /// Core instances of one component.
    pub cores_each: u32,
    /// Memories of one component.
    pub memories_each: u32,
    /// Tables of one module.
    pub tables_each: u32,
    /// Bytes of a memory.
    pub memory: usize,
    /// Elements of a table.
    pub table_elements: usize,
    /// Bytes of a memory that stay mapped between instances.
    pub keep_resident: usize,
    /// Reset only the pages that were written, where the kernel can tell.
    pub pagemap_scan: Enabled,
}

impl Pool {
    fn for_workers(workers: u32) -> Pool {
        let workers = workers.clamp(1, 64);
        let modules = u32::try_from(limits::MODULES).unwrap_or(4);
        Pool {
            components: workers * 2,
            cores: workers * 2 * modules,
            tables: workers * 2 * modules,
            cores_each: modules,
            memories_each: 1,
            tables_each: u32::try_from(limits::TABLES).unwrap_or(4),
            memory: limits::MEMORY_BYTES,
            table_elements: usize::try_from(limits::TABLE_ELEMENTS).unwrap_or(10_000),
            keep_resident: 8 << 20,
            pagemap_scan: Enabled::Auto,
        }
    }

    fn config(self) -> PoolingAllocationConfig {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(self.components)
            .total_core_instances(self.cores)
            .total_memories(self.components)
            .total_tables(self.tables)
            .max_core_instances_per_component(self.cores_each)
            .max_memories_per_component(self.memories_each)
            .max_tables_per_module(self.tables_each)
            .max_memory_size(self.memory)
            .table_elements(self.table_elements)
            .linear_memory_keep_resident(self.keep_resident)
            .table_keep_resident(64 << 10)
            .pagemap_scan(self.pagemap_scan);
        pool
    }

    fn read(pool: &PoolingAllocationConfig) -> Pool {
        Pool {
            components: pool.get_total_component_instances(),
            cores: pool.get_total_core_instances(),
            tables: pool.get_total_tables(),
            cores_each: pool.get_max_core_instances_per_component(),
            memories_each: pool.get_max_memories_per_component(),
            tables_each: pool.get_max_tables_per_module(),
            memory: pool.get_max_memory_size(),
            table_elements: pool.get_table_elements(),
            keep_resident: pool.get_memory_keep_resident(),
            pagemap_scan: pool.get_pagemap_scan(),
        }
    }
}

impl Settings {
    /// The settings of the compiling child: on-demand allocator, so that a
    /// limit of address space can hold it.
    #[must_use]
    pub fn compiling() -> Settings {
        Settings {
            strategy: Some(Strategy::Cranelift),
            opt_level: Some(OptLevel::Speed),
            features: FEATURES,
            consume_fuel: true,
            epoch_interruption: true,
            max_wasm_stack: limits::STACK_BYTES,
            nan_canonicalization: Some(true),
            relaxed_simd_deterministic: true,
            concurrency_support: false,
            shared_memory: false,
            memory_may_move: false,
            memory_reservation: 4 << 30,
            memory_guard: 32 << 20,
            guard_before: true,
            memory_init_cow: true,
            signals_based_traps: true,
            backtrace_frames: 0,
            debug_info: false,
            debug_verifier: Some(false),
            pool: None,
        }
    }

    /// The settings of the running host: pooled slots for so many workers.
    #[must_use]
    pub fn running(workers: u32) -> Settings {
        Settings { pool: Some(Pool::for_workers(workers)), ..Settings::compiling() }
    }

    /// The engine's configuration.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .strategy(self.strategy.unwrap_or(Strategy::Cranelift))
            .cranelift_opt_level(self.opt_level.unwrap_or(OptLevel::Speed))
            .wasm_features(WasmFeatures::all().difference(self.features), false)
            .wasm_features(self.features, true)
            .consume_fuel(self.consume_fuel)
            .operator_cost(cost_table())
            .epoch_interruption(self.epoch_interruption)
            .max_wasm_stack(self.max_wasm_stack)
            .cranelift_nan_canonicalization(self.nan_canonicalization.unwrap_or(true))
            .relaxed_simd_deterministic(self.relaxed_simd_deterministic)
            .concurrency_support(self.concurrency_support)
            .shared_memory(self.shared_memory)
            .memory_may_move(self.memory_may_move)
            .memory_reservation(self.memory_reservation)
            .memory_guard_size(self.memory_guard)
            .guard_before_linear_memory(self.guard_before)
            .memory_init_cow(self.memory_init_cow)
            .signals_based_traps(self.signals_based_traps)
            .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(self.backtrace_frames))
            .debug_info(self.debug_info)
            .cranelift_debug_verifier(self.debug_verifier.unwrap_or(false));
        if let Some(pool) = self.pool {
            config.allocation_strategy(pool.config());
        }
        config
    }

    /// What an engine says of itself. The cost table has no getter: a test
    /// counts the fuel of known instructions.
    #[must_use]
    pub fn read(engine: &Engine) -> Settings {
        Settings {
            strategy: engine.get_strategy(),
            opt_level: engine.get_cranelift_opt_level(),
            features: engine.get_wasm_features(),
            consume_fuel: engine.get_consume_fuel(),
            epoch_interruption: engine.get_epoch_interruption(),
            max_wasm_stack: engine.get_max_wasm_stack(),
            nan_canonicalization: engine.get_cranelift_nan_canonicalization(),
            relaxed_simd_deterministic: engine.get_relaxed_simd_deterministic(),
            concurrency_support: engine.get_concurrency_support(),
            shared_memory: engine.get_shared_memory(),
            memory_may_move: engine.get_memory_may_move(),
            memory_reservation: engine.get_memory_reservation(),
            memory_guard: engine.get_memory_guard_size(),
            guard_before: engine.get_guard_before_linear_memory(),
            memory_init_cow: engine.get_memory_init_cow(),
            signals_based_traps: engine.get_signals_based_traps(),
            backtrace_frames: engine.get_wasm_backtrace_max_frames(),
            debug_info: engine.get_debug_info(),
            debug_verifier: engine.get_cranelift_debug_verifier(),
            pool: engine.get_pooling_config().map(Pool::read),
        }
    }
}

/// What each operator burns: wasmtime's table, and what works on many bytes
/// burns by the byte, the page or the element. An upgrade that changes the
/// table changes the fuel of a run, and a test with it.
fn cost_table() -> OperatorCost {
    let mut cost = OperatorCost::new();
    cost.variable = VariableOperatorCost {
        memory_copy_per_byte: 1,
        memory_fill_per_byte: 1,
        memory_init_per_byte: 1,
        memory_grow_per_page: 255,
        table_copy_per_element: 1,
        table_fill_per_element: 1,
        table_init_per_element: 1,
        table_grow_per_element: 1,
        ..VariableOperatorCost::new()
    };
    cost
}
