/// <reference types="vite/client" />

declare module 'virtual:scenario-cases' {
  /** A scenario case that names rules; `file` lies below `scenarios/`. */
  export interface ScenarioCase {
    id: string;
    title: string;
    file: string;
    rules: string[];
  }
  const cases: ScenarioCase[];
  export default cases;
}
