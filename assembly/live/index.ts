// What the host calls in the live build only, beside `assembly/index.ts`.

export { setOffloads } from './offloads';
