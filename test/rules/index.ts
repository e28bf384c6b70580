import { ARP_CASES } from './arp.ts';
import { CARRIED_CASES } from './carried.ts';
import type { Case } from './case.ts';
import { COMPLETED_CASES } from './completed.ts';
import { DRAFT00_CASES } from './draft00.ts';
import { ECHO_CASES } from './echo.ts';
import { ECN_CASES } from './ecn.ts';
import { ERROR_CASES } from './errors.ts';
import { FLOOD_CASES } from './flood.ts';
import { GROUP_CASES } from './groups.ts';
import { MSS_CASES } from './mss.ts';
import { MTU_CASES } from './mtu.ts';
import { ND_CHECK_CASES } from './ndchecks.ts';
import { ND_HIDDEN_CASES } from './ndhidden.ts';
import { NEIGHBOR_CASES } from './neighbors.ts';
import { NVGRE_CASES } from './nvgre.ts';
import { OFFLOAD_LIE_CASES } from './offloadlies.ts';
import { PASSED_ON_CASES } from './passedon.ts';
import { PATH_MTU_CASES } from './pathmtu.ts';
import { PIECE_CASES } from './pieces.ts';
import { isPlain } from './plain.ts';
import { QUOTE_CASES } from './quote.ts';
import { REPORT_CASES } from './reports.ts';
import { REWRITE_CASES } from './rewrite.ts';
import { ROUTER_CASES } from './router.ts';
import { ROUTER_SOLICITATION_CASES } from './routersolicitations.ts';
import { ROUTE_CASES } from './routes.ts';
import { SEGMENTED_CASES } from './segmented.ts';
import { TOO_LONG_CASES } from './toolong.ts';
import { VIRTUAL_CASES } from './virtual.ts';
import { VLAN_CASES } from './vlan.ts';
import { WHOLE_CASES } from './wholes.ts';
import { ZERO_CASES } from './zero.ts';

const FIRST_CASES: readonly Case[] = [
  ...NVGRE_CASES,
  ...ECN_CASES,
  ...REWRITE_CASES,
  ...ZERO_CASES,
  ...QUOTE_CASES,
  ...VIRTUAL_CASES,
];

/** All named packets. */
export const CASES: readonly Case[] = [
  ...FIRST_CASES,
  ...PASSED_ON_CASES,
  ...ROUTER_CASES,
  ...ROUTE_CASES,
  ...ECHO_CASES,
  ...ARP_CASES,
  ...NEIGHBOR_CASES,
  ...ROUTER_SOLICITATION_CASES,
  ...ND_CHECK_CASES,
  ...ND_HIDDEN_CASES,
  ...FLOOD_CASES,
  ...MTU_CASES,
  ...PIECE_CASES,
  ...ERROR_CASES,
  ...MSS_CASES,
  ...PATH_MTU_CASES,
  ...VLAN_CASES,
  ...DRAFT00_CASES,
  ...REPORT_CASES,
];

/** Those that come with an offload header, which only the live build knows. */
export const OFFLOAD_CASES: readonly Case[] = [
  ...COMPLETED_CASES,
  ...CARRIED_CASES,
  ...SEGMENTED_CASES,
  ...WHOLE_CASES,
  ...TOO_LONG_CASES,
  ...GROUP_CASES,
  ...OFFLOAD_LIE_CASES,
];

/** Those that the benchmark's plain engine does as well. */
export const PLAIN_CASES: readonly Case[] = FIRST_CASES.filter(isPlain);

export type { Case } from './case.ts';
