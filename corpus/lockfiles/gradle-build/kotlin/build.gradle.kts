plugins {
    `java-library`
    id("com.github.ben-manes.versions") version "0.44.0"
}
val ktor = "2.2.1"
dependencies {
    implementation("io.ktor:ktor-server-core:$ktor")
    implementation(platform("a:bom:1.0"))
    implementation(group = "g", name = "n", version = "1.5")
    testImplementation(kotlin("test"))
}
