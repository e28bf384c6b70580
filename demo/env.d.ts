declare module '*?document' {
  const document: unknown;
  export default document;
}
