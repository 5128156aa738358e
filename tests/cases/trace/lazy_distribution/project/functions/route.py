from lazy import Plain
import lazy as z

z.Relative
