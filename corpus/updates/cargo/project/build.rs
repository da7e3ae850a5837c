fn main() { panic!("code of the project ran") }
