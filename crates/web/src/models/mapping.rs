//! Columns of a file under the names of a schema: the first line is written anew.

use super::preview::Header;
use anomalyzer_learn::schema::Schema;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Cursor, Read};

/// Bytes of the line with the names.
const LINE: u64 = 256 << 10;

/// Field of a schema by column of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mapping(BTreeMap<String, String>);

impl Mapping {
    /// Checks it against a schema. The error is a field of the schema and what is wrong with it.
    pub(crate) fn new(
        schema: &'static Schema,
        mapping: BTreeMap<String, String>,
    ) -> Result<Self, (String, String)> {
        let known = |name: &str| {
            schema.fields.iter().any(|field| field.name == name)
                || schema.labels().any(|names| names.first() == Some(&name))
        };
        let mut columns = BTreeMap::new();
        for (field, column) in &mapping {
            if !known(field) {
                let why = format!("is no field of schema {}", schema.id);
                return Err((field.clone(), why));
            }
            if let Some(other) = columns.insert(column, field) {
                let why = format!("column {column:?} is taken for {other} already");
                return Err((field.clone(), why));
            }
        }
        Ok(Self(mapping))
    }

    /// The file with the names of the schema in its first line. What is not mapped gets a name that
    /// nobody asks for.
    pub(crate) fn apply<'a>(
        &self,
        mut input: Box<dyn BufRead + 'a>,
    ) -> Result<Box<dyn BufRead + 'a>, String> {
        if self.0.is_empty() {
            return Ok(input);
        }
        let mut line = Vec::new();
        (&mut input)
            .take(LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("the file cannot be read: {error}"))?;
        if line.starts_with(b"{") {
            return Err("columns of JSON lines cannot be mapped: name the fields as the schema \
                        does, or send CSV"
                .to_owned());
        }
        let header = Header::of(&line);
        let first = self.header(&header).map_err(|error| match error {
            Unwritten::Missing(column) => format!("the file has no column {column:?}"),
            Unwritten::Io(error) => error.to_string(),
        })?;
        let rest = if header.is_header { Vec::new() } else { line };
        Ok(Box::new(Cursor::new(first).chain(Cursor::new(rest)).chain(input)))
    }

    fn header(&self, header: &Header) -> Result<Vec<u8>, Unwritten> {
        let missing = self.0.values().find(|column| !header.names.contains(column));
        if let Some(column) = missing {
            return Err(Unwritten::Missing(column.clone()));
        }
        let mut line = Vec::new();
        let mut writer =
            csv::WriterBuilder::new().delimiter(header.separator).from_writer(&mut line);
        let names = header.names.iter().enumerate().map(|(at, name)| {
            let field = self.0.iter().find(|(_, column)| *column == name);
            field.map_or_else(|| format!("unmapped {at}"), |(field, _)| field.clone())
        });
        writer.write_record(names).map_err(|error| Unwritten::Io(error.into()))?;
        writer.flush().map_err(Unwritten::Io)?;
        drop(writer);
        Ok(line)
    }
}

enum Unwritten {
    Missing(String),
    Io(io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_learn::schema::by_id;

    fn applied(pairs: &[(&str, &str)], file: &'static str) -> Result<String, String> {
        let pairs = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let mapping = Mapping::new(by_id("form").unwrap(), pairs)
            .map_err(|(f, why)| format!("{f}: {why}"))?;
        let mut out = String::new();
        mapping.apply(Box::new(file.as_bytes()))?.read_to_string(&mut out).unwrap();
        Ok(out)
    }

    #[test]
    fn columns_get_the_names_of_the_schema() {
        let mapping = [("source_ip", "von"), ("is_anomaly", "böse, oder?")];
        assert_eq!(
            applied(&mapping, "von;x;\"böse, oder?\"\n1;2;3\n").unwrap(),
            "source_ip;unmapped 1;is_anomaly\n1;2;3\n"
        );
        assert_eq!(applied(&[], "a,b\n1,2\n").unwrap(), "a,b\n1,2\n");
        // Without a line of names the columns have numbers.
        assert_eq!(
            applied(&[("packet_size", "column 2")], "x,5\ny,6\n").unwrap(),
            "unmapped 0,packet_size\nx,5\ny,6\n"
        );
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let told = applied(&[("nonsense", "a")], "a\n1\n").unwrap_err();
        assert!(told.contains("is no field of schema form"), "{told}");
        let told = applied(&[("source_ip", "c")], "a,b\n1,2\n").unwrap_err();
        assert!(told.contains("no column \"c\""), "{told}");
        let twice = [("source_ip", "a"), ("destination_ip", "a")];
        assert!(applied(&twice, "a\nx\n").unwrap_err().contains("taken"));
        assert!(applied(&[("source_ip", "a")], "{\"a\":1}\n").unwrap_err().contains("JSON"));
    }
}
