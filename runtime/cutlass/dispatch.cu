// Which GPU has which kernels. Code for sm_90a and sm_100a runs on these alone.
#include "runtime/cutlass/grouped_gemm.h"
#include "runtime/device/cuda_check.h"
#include "runtime/error.h"

namespace switchyard {
namespace cutlass_gemm {

void multiply_on_sm90(const GroupedGemm& call, Arena& scratch, Stream& stream);
void multiply_on_sm100(const GroupedGemm& call, Arena& scratch, Stream& stream);

namespace {

int capability_of(Device device) {
  int major = 0, minor = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device.index));
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device.index));
  return 10 * major + minor;
}

}  // namespace
}  // namespace cutlass_gemm

bool cutlass_runs_on(Device device) {
  const int capability = cutlass_gemm::capability_of(device);
  return capability == 90 || capability == 100;
}

void multiply_by_cutlass(const GroupedGemm& call, Arena& scratch, Stream& stream) {
  const auto multiply = cutlass_gemm::capability_of(stream.device()) == 90
                            ? cutlass_gemm::multiply_on_sm90
                            : cutlass_gemm::multiply_on_sm100;
  multiply(call, scratch, stream);
}

}  // namespace switchyard
