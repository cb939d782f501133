// Whether AddressSanitizer watches the tests, at -O0 and many times as slowly. A test that goes
// through millions of cases goes through some of them then: the release build goes through all.
#pragma once

namespace switchyard {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace switchyard
