// Runs axe-core, which was added before this, with the rules of WCAG 2.0 to 2.2, levels A and AA.
// Returns a line a violation and element.
const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
return axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] }).then(
  ({ violations }) =>
    violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary }) => {
        const why = failureSummary.replace(/\s+/g, " ");
        return `${id} (${help}) at ${target.join(" ")}: ${why}`;
      }),
    ),
);
