/** Defined by asconfig.json for the trace build only; asked for by `isDefined`, never read. */
declare const NETVIRT_TRACE: unknown;
/** The same for the live build. */
declare const NETVIRT_LIVE: unknown;
