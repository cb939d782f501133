// Blackwell: tcgen05, whose sums are in tensor memory.
#include "runtime/cutlass/gemm.h"

namespace switchyard::cutlass_gemm {
namespace {

using Blackwell = Choices<cutlass::arch::Sm100, cute::Shape<cute::_128, cute::_128, cute::_64>,
                          cute::Shape<cute::_1, cute::_1, cute::_1>,
                          cutlass::gemm::KernelPtrArrayTmaWarpSpecialized1SmSm100,
                          cutlass::epilogue::PtrArrayTmaWarpSpecialized1Sm>;

}  // namespace

void multiply_on_sm100(const GroupedGemm& call, Arena& scratch, Stream& stream) {
  multiply_form<Blackwell::Of>(call, scratch, stream);
}

}  // namespace switchyard::cutlass_gemm
