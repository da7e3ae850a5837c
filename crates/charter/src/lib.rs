//! The files that people agree on: the charter and `trimtab.toml`, read with the place of every error, their JSON Schemas, presets, and the calendar that deadlines are counted on.
//! Pure: texts in, values out.
