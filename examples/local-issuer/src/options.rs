//! The command line.

use countersign_local_issuer::Persona;
use lexopt::prelude::*;
use std::fs;
use std::path::Path;

pub(crate) const HELP: &str = "\
An OpenID provider with a login page, on loopback, for development.

  --port PORT       the port on 127.0.0.1; default 9400, 0 for any free port
  --audience API    the `aud` of tokens for clients that request no audience; default https://api.example.com
  --personas FILE   a JSON object of names and claims, such as {\"alice\": {\"groups\": [\"admin\"], \"scope\": \"a b\"}}
  --help            print this text
";

/// The command that the command line gives.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Issuer(Options),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) audience: String,
    /// The personas. If empty, the issuer offers those of the examples.
    pub(crate) personas: Vec<Persona>,
}

pub(crate) fn read(mut arguments: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options { port: 9400, audience: "https://api.example.com".to_owned(), personas: Vec::new() };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => options.port = arguments.value()?.parse()?,
            Long("audience") => options.audience = arguments.value()?.string()?,
            Long("personas") => options.personas = personas(Path::new(&arguments.value()?))?,
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Issuer(options))
}

fn personas(file: &Path) -> Result<Vec<Persona>, lexopt::Error> {
    let read = fs::read_to_string(file).and_then(|text| Persona::from_json(&text));
    let personas = read.map_err(|error| format!("{}: {error}", file.display()))?;
    if personas.is_empty() {
        return Err(format!("{}: add a persona, such as {{\"alice\": {{}}}}", file.display()).into());
    }
    Ok(personas)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(line: &[&str]) -> Result<Command, String> {
        read(lexopt::Parser::from_args(line)).map_err(|error| error.to_string())
    }

    #[test]
    fn every_option_has_a_default() {
        let Ok(Command::Issuer(options)) = read_line(&[]) else { panic!("an empty command line is valid") };
        assert_eq!((options.port, options.audience.as_str()), (9400, "https://api.example.com"));
        assert!(options.personas.is_empty());
        assert_eq!(read_line(&["--help"]), Ok(Command::Help));
    }

    #[test]
    fn personas_come_from_a_file() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/personas.json");
        let Ok(Command::Issuer(options)) = read_line(&["--port=0", "--audience", "api", "--personas", file]) else {
            panic!("the file of the README is read")
        };
        assert_eq!((options.port, options.audience.as_str()), (0, "api"));
        assert_eq!(options.personas.iter().map(Persona::name).collect::<Vec<_>>(), ["carol", "dave"]);
    }

    #[test]
    fn an_error_names_the_wrong_option_or_value() {
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
