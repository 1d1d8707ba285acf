//! The managed-identity endpoint that App Service gives to a process, on a loopback port.
