//! What people decided about findings: the exceptions file, VEX documents (OpenVEX, CSAF 2.0, CycloneDX) in and out, and the ignores of other tools.
//! Pure: texts in, values out.
