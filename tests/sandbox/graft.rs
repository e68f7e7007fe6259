//! Grows a core module by hand: appends functions, tables of jumps and data to
//! the sections of the hostile plugin, so that a bomb wears the right world.

/// Unsigned LEB128.
pub(crate) fn leb(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

fn read_leb(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}

/// Section ids of a core module.
const TYPES: u8 = 1;
const FUNCTIONS: u8 = 3;
const EXPORTS: u8 = 7;
const CODE: u8 = 10;
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;

/// A core module as its sections.
pub(crate) struct Grafted {
    sections: Vec<(u8, Vec<u8>)>,
}

impl Grafted {
    pub(crate) fn of(core: &[u8]) -> Grafted {
        let (mut at, mut sections) = (8, Vec::new());
        while at < core.len() {
            let id = core[at];
            at += 1;
            let len = read_leb(core, &mut at) as usize;
            sections.push((id, core[at..at + len].to_vec()));
            at += len;
        }
        Grafted { sections }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = b"\0asm\x01\0\0\0".to_vec();
        for (id, body) in &self.sections {
            out.push(*id);
            out.extend(leb(body.len() as u64));
            out.extend(body);
        }
        out
    }

    /// Appends entries to a section that starts with its count; gives the count before.
    fn append(&mut self, id: u8, count: u64, entries: &[u8]) -> u64 {
        let (_, body) = self.sections.iter_mut().find(|(at, _)| *at == id).expect("the section is there");
        let mut at = 0;
        let before = read_leb(body, &mut at);
        *body = [leb(before + count), body[at..].to_vec(), entries.to_vec()].concat();
        before
    }

    /// Appends functions without parameters or results; each body is its locals and
    /// code. `cabi_realloc` calls them if a byte of the stack's far end says so, for
    /// what nobody can reach is not compiled.
    pub(crate) fn functions(mut self, bodies: &[Vec<u8>]) -> Grafted {
        let of_type = leb(self.append(TYPES, 1, &[0x60, 0, 0]));
        let count = bodies.len() as u64;
        let first = self.append(FUNCTIONS, count, &of_type.repeat(bodies.len()));
        let code: Vec<u8> = bodies.iter().flat_map(|body| [leb(body.len() as u64), body.clone()].concat()).collect();
        self.append(CODE, count, &code);
        let calls: Vec<u8> = (first..first + count).flat_map(|at| [vec![0x10], leb(at)].concat()).collect();
        let guarded = [vec![0x41, 0xc0, 0, 0x28, 2, 0, 0x04, 0x40], calls, vec![0x0b]].concat();
        self.prepend(self.exported("cabi_realloc"), &guarded);
        self
    }

    fn body(&self, id: u8) -> &[u8] {
        &self.sections.iter().find(|(at, _)| *at == id).expect("the section is there").1
    }

    /// The function that is exported under this name; the module imports none.
    pub(crate) fn exported(&self, name: &str) -> u64 {
        let (body, mut at) = (self.body(EXPORTS), 0);
        for _ in 0..read_leb(body, &mut at) {
            let len = read_leb(body, &mut at) as usize;
            let own = &body[at..at + len];
            at += len + 1;
            let index = read_leb(body, &mut at);
            if own == name.as_bytes() {
                return index;
            }
        }
        panic!("no export {name}");
    }

    /// Puts instructions before those of a function.
    pub(crate) fn prepend(&mut self, function: u64, code: &[u8]) {
        let (body, mut at) = (self.body(CODE), 0);
        let count = read_leb(body, &mut at);
        let mut out = leb(count);
        for index in 0..count {
            let len = read_leb(body, &mut at) as usize;
            let own = &body[at..at + len];
            at += len;
            let mut inside = 0;
            for _ in 0..read_leb(own, &mut inside) {
                read_leb(own, &mut inside);
                inside += 1;
            }
            let more = if index == function { code } else { &[] };
            out.extend(leb((len + more.len()) as u64));
            out.extend([&own[..inside], more, &own[inside..]].concat());
        }
        self.sections.iter_mut().find(|(id, _)| *id == CODE).unwrap().1 = out;
    }

    /// Appends so many passive data segments of so many bytes.
    pub(crate) fn data(mut self, segments: usize, bytes: usize) -> Grafted {
        let one = [vec![1], leb(bytes as u64), vec![0x5a; bytes]].concat();
        self.append(DATA, segments as u64, &one.repeat(segments));
        if self.sections.iter().any(|(id, _)| *id == DATA_COUNT) {
            let (_, body) = self.sections.iter_mut().find(|(at, _)| *at == DATA_COUNT).unwrap();
            *body = leb(read_leb(body, &mut 0) + segments as u64);
        }
        self
    }

    /// Exports function 0 under so many names.
    pub(crate) fn exports(mut self, count: usize) -> Grafted {
        let one = |at: usize| {
            let name = format!("export-{at}");
            [leb(name.len() as u64), name.into_bytes(), vec![0, 0]].concat()
        };
        let all: Vec<u8> = (0..count).flat_map(one).collect();
        self.append(EXPORTS, count as u64, &all);
        self
    }
}

/// A body of about so many bytes that keeps a hundred values alive: hard on the
/// compiler's register allocator, fine for the gate.
pub(crate) fn tangle(bytes: usize, salt: u8) -> Vec<u8> {
    // one group of 100 locals of type i64
    let mut body = vec![1, 100, 0x7e];
    let mut at = usize::from(salt);
    while body.len() + 26 < bytes {
        at += 1;
        let local = |step: usize| (at * step % 100) as u8;
        // memory[b] = a = (memory[64] + b rotated by c) + d: nothing here is known when it is compiled
        body.extend([0x20, local(3), 0xa7, 0x41, 0xc0, 0, 0x29, 3, 0, 0x20, local(3), 0x7c]);
        body.extend([0x20, local(7), 0x89, 0x20, local(11), 0x7c, 0x22, local(1), 0x37, 3, 8]);
    }
    body.push(0x0b);
    body
}

/// A body of so many nested blocks, and a jump out of them with so many ways.
pub(crate) fn jumps(depth: usize, ways: usize) -> Vec<u8> {
    let mut body = vec![0];
    body.extend([0x02, 0x40].repeat(depth));
    // i32.const 0, br_table
    body.extend([0x41, 0, 0x0e]);
    body.extend(leb(ways as u64));
    (0..ways).for_each(|way| body.extend(leb((way % depth) as u64)));
    body.push(0);
    body.extend([0x0b].repeat(depth));
    body.push(0x0b);
    body
}
