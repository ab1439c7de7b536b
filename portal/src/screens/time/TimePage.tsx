export default function RuleList() { return null; }
