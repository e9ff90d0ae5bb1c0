//! The command line.

use countersign_local_issuer::Persona;
use lexopt::prelude::*;
use std::fs;
use std::path::Path;

pub(crate) const HELP: &str = "\
An OpenID provider on loopback, to develop against: log in as anybody.

  --port PORT       where it listens on 127.0.0.1; 9400 unless given, 0 for any that is free
  --audience API    the `aud` of tokens whose client asks for none; https://api.example.com unless given
  --personas FILE   a JSON object that has claims by name, such as {\"alice\": {\"groups\": [\"admin\"], \"scope\": \"a b\"}}
  --help            this text
";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Asked {
    Help,
    Issuer(Options),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) audience: String,
    /// Those of the examples where there are none.
    pub(crate) personas: Vec<Persona>,
}

pub(crate) fn read(mut arguments: lexopt::Parser) -> Result<Asked, lexopt::Error> {
    let mut options = Options { port: 9400, audience: "https://api.example.com".to_owned(), personas: Vec::new() };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => options.port = arguments.value()?.parse()?,
            Long("audience") => options.audience = arguments.value()?.string()?,
            Long("personas") => options.personas = personas(Path::new(&arguments.value()?))?,
            Short('h') | Long("help") => return Ok(Asked::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Asked::Issuer(options))
}

fn personas(file: &Path) -> Result<Vec<Persona>, lexopt::Error> {
    let read = fs::read_to_string(file).and_then(|text| Persona::from_json(&text));
    let personas = read.map_err(|error| format!("{}: {error}", file.display()))?;
    if personas.is_empty() {
        return Err(format!("{}: name a persona, such as {{\"alice\": {{}}}}", file.display()).into());
    }
    Ok(personas)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(line: &[&str]) -> Result<Asked, String> {
        read(lexopt::Parser::from_args(line)).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_needs_to_be_said() {
        let Ok(Asked::Issuer(options)) = read_line(&[]) else { panic!("an empty line is enough") };
        assert_eq!((options.port, options.audience.as_str()), (9400, "https://api.example.com"));
        assert!(options.personas.is_empty());
        assert_eq!(read_line(&["--help"]), Ok(Asked::Help));
    }

    #[test]
    fn personas_come_from_a_file() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/personas.json");
        let Ok(Asked::Issuer(options)) = read_line(&["--port=0", "--audience", "api", "--personas", file]) else {
            panic!("the file of the README is read")
        };
        assert_eq!((options.port, options.audience.as_str()), (0, "api"));
        assert_eq!(options.personas.iter().map(Persona::name).collect::<Vec<_>>(), ["carol", "dave"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, expected) in [
            (&["--port"][..], "--port"),
            (&["--port", "70000"], "70000"),
            (&["--personas", "/nowhere/personas.json"], "/nowhere/personas.json"),
            (&["--bind", "0.0.0.0"], "--bind"),
            (&["alice"], "alice"),
        ] {
            let error = read_line(line).unwrap_err();
            assert!(error.contains(expected), "{line:?}: {error}");
        }
    }
}
