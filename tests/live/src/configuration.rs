//! `resource-server` with an invalid environment: it exits at once, with one line that names the variable.

use crate::report::Report;
use crate::resource_server::command;
use crate::{Result, process};

const COMPLETE: [(&str, &str); 3] = [
    ("BIND", "127.0.0.1:0"),
    ("COUNTERSIGN_ISSUER", "http://127.0.0.1:9"),
    ("COUNTERSIGN_AUDIENCE", "https://api.example.test"),
];

pub(crate) async fn check(report: &mut Report) -> Result {
    let cases = [
        ("COUNTERSIGN_ISSUER", None),
        ("COUNTERSIGN_ISSUER", Some("http://idp.example.test")),
        ("COUNTERSIGN_ISSUER", Some("not a url")),
        ("COUNTERSIGN_AUDIENCE", None),
        ("COUNTERSIGN_ALGORITHMS", Some("RS256,HS256")),
        ("COUNTERSIGN_LEEWAY", Some("abc")),
        ("BIND", Some("nowhere")),
    ];
    for (name, value) in cases {
        let case = match value {
            Some(value) => format!("none, with {name}={value}"),
            None => format!("none, without {name}"),
        };
        let expected = format!("ends with one line naming {name}");
        report.check("(none)", case, &expected, ending(name, value, &expected).await);
    }
    Ok(())
}

async fn ending(name: &str, value: Option<&str>, expected: &str) -> Result<String> {
    let mut variables: Vec<_> = COMPLETE.into_iter().filter(|(other, _)| *other != name).collect();
    variables.extend(value.map(|value| (name, value)));
    let (status, _, errors) = process::output(&mut command(&variables)?).await?;
    let one_line = errors.lines().count() == 1 && errors.contains(name);
    Ok(if !status.success() && one_line { expected.to_owned() } else { format!("{status}, stderr: {errors:?}") })
}
