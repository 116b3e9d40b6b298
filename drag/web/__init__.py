"""The edge to the network: calls, endpoints for programs, readiness, ZeroGPU, flags."""
