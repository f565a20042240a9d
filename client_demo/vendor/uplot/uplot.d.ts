/** The types are in the package, which only checks need. */
export { default } from "uplot";
