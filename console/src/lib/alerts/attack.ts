/** Names of the MITRE ATT&CK techniques that detectors claim. The program asks nobody for them. */

const NAMES: Record<string, string> = {
  T1018: 'Remote System Discovery',
  T1021: 'Remote Services',
  'T1021.001': 'Remote Desktop Protocol',
  'T1021.002': 'SMB/Windows Admin Shares',
  'T1021.006': 'Windows Remote Management',
  T1030: 'Data Transfer Size Limits',
  T1041: 'Exfiltration Over C2 Channel',
  T1046: 'Network Service Discovery',
  T1047: 'Windows Management Instrumentation',
  T1048: 'Exfiltration Over Alternative Protocol',
  T1059: 'Command and Scripting Interpreter',
  T1071: 'Application Layer Protocol',
  'T1071.001': 'Web Protocols',
  'T1071.004': 'DNS',
  T1090: 'Proxy',
  T1095: 'Non-Application Layer Protocol',
  T1105: 'Ingress Tool Transfer',
  T1110: 'Brute Force',
  'T1110.001': 'Password Guessing',
  'T1110.003': 'Password Spraying',
  T1190: 'Exploit Public-Facing Application',
  T1200: 'Hardware Additions',
  T1205: 'Traffic Signaling',
  T1210: 'Exploitation of Remote Services',
  T1219: 'Remote Access Tools',
  T1496: 'Resource Hijacking',
  T1498: 'Network Denial of Service',
  'T1498.001': 'Direct Network Flood',
  'T1498.002': 'Reflection Amplification',
  T1499: 'Endpoint Denial of Service',
  'T1499.001': 'OS Exhaustion Flood',
  'T1505.003': 'Web Shell',
  'T1557.002': 'ARP Cache Poisoning',
  'T1557.003': 'DHCP Spoofing',
  T1567: 'Exfiltration Over Web Service',
  'T1568.002': 'Domain Generation Algorithms',
  'T1569.002': 'Service Execution',
  T1570: 'Lateral Tool Transfer',
  T1571: 'Non-Standard Port',
  T1572: 'Protocol Tunneling',
  T1573: 'Encrypted Channel',
  T1583: 'Acquire Infrastructure',
  T1595: 'Active Scanning',
  'T1595.001': 'Scanning IP Blocks',
  'T1595.002': 'Vulnerability Scanning',
};

/** The technique's name; `null` when this table has none. */
export function techniqueName(id: string): string | null {
  return NAMES[id] ?? null;
}

/** Where MITRE describes it, as text to copy: the console itself asks nobody but its server. */
export function techniqueAddress(id: string): string {
  return `https://attack.mitre.org/techniques/${id.replace('.', '/')}/`;
}
