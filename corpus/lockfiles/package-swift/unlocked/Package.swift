// swift-tools-version:5.7
import PackageDescription
let package = Package(
    name: "App",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.0.0"),
        .package(url: "https://github.com/o/exact", exact: "1.2.3"),
        .package(name: "Old", url: "https://github.com/o/old.git", .exact("0.1.0")),
        .package(url: "https://github.com/o/next", .upToNextMinor(from: "3.1.0")),
        .package(url: "https://github.com/o/rev", revision: "0123456789abcdef0123456789abcdef01234567"),
        .package(url: "https://github.com/o/branch", branch: "main"),
        .package(id: "mona.LinkedList", exact: "1.1.0"),
        .package(path: "../Near"),
        // .package(url: "https://github.com/o/no", from: "1.0.0"),
        .package(url: base + "x", from: "1.0.0"),
    ]
)
