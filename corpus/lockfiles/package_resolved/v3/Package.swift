// swift-tools-version:5.9
import PackageDescription
let package = Package(
    name: "App",
    dependencies: [
        .package(url: "https://github.com/apple/swift-log.git", from: "1.5.0"),
        .package(id: "mona.LinkedList", .upToNextMajor(from: "1.2.0")),
    ]
)
