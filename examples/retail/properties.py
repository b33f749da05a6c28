"""What has to hold of any package of this pipeline, on the table of Rossmann: for gates. The run checks more of it.

No step imports this module: what it does when it is imported would count for all of them.
"""

from expected import declared
from panel import Columns

ROSSMANN = Columns(date="Date", store="Store", target="Sales", open="Open", promotion="Promo")
PROPERTIES = declared(ROSSMANN)
