//! Serves the sailing times. The sample needs no more than the manifest and the lockfile.

fn main() {
    println!("07:40 Lane Quay, 08:25 North Mole, 09:10 Gull Island");
}
