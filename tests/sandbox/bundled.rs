//! The programs that ship inside the binary pass the same gate as any other.

use layak::sandbox::{bundled, bundled_names, pack};

use super::built::sandbox;

#[test]
fn every_bundled_program_loads_and_says_its_name() {
    let sandbox = sandbox();
    let names: Vec<_> = bundled_names().collect();
    assert_eq!(names, ["blt_dd", "pbi_jkn", "pkh", "sembako"]);
    for name in names {
        let bytes = bundled(name).unwrap();
        let inspection = sandbox.inspect(bytes).unwrap();
        assert_eq!(inspection.description.name, name);
        assert_eq!((inspection.bytes, inspection.shape.modules), (bytes.len(), 1));
        assert_eq!(inspection.digest, blake3::hash(bytes).to_hex().to_string());
        assert_eq!(pack(bytes).unwrap(), bytes);
    }
    assert!(bundled("nothing").is_none());
}
